// SPDX-License-Identifier: Apache-2.0
// says: weir: the value that is sent has no codec: map it to bytes or a string
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    [[maybe_unused]] auto s =
        app.topic<std::string, std::string>("t") | weir::items() | weir::echo("copy");
}
