// SPDX-License-Identifier: Apache-2.0
// says: weir: the topic that is sent to has another value type than the stream
// names: value_type_of_stream_and_topic<
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    auto numbers = app.topic<int>("numbers");
    [[maybe_unused]] auto s = app.topic<std::string>("t") | weir::through(numbers);
}
