// SPDX-License-Identifier: Apache-2.0
// says: weir: the topic that is sent to has another key type than the stream
// names: key_type_of_stream_and_topic<std::.*basic_string.*, int>
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    auto numbered = app.topic<int, std::string>("numbered");
    [[maybe_unused]] auto s = app.topic<std::string, std::string>("t") | weir::to(numbered);
}
