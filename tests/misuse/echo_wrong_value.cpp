// SPDX-License-Identifier: Apache-2.0
// says: weir: echo(topic): its key and value types are not those of the stream
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    auto numbers = app.topic<int>("numbers");
    [[maybe_unused]] auto s = app.topic<std::string>("t") | weir::echo("copy", numbers);
}
