// SPDX-License-Identifier: Apache-2.0
// says: weir: to(topic): its key and value types are not those of the stream
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    auto numbered = app.topic<int, std::string>("numbered");
    [[maybe_unused]] auto s = app.topic<std::string, std::string>("t") | weir::to(numbered);
}
