// SPDX-License-Identifier: Apache-2.0
// says: weir: take keeps values beyond their messages: put map(weir::own) before it
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    [[maybe_unused]] auto s = app.topic<std::string_view>("t") | weir::enumerate() | weir::take(3);
}
