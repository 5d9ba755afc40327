// SPDX-License-Identifier: Apache-2.0
// says: weir: take keeps values beyond their messages: put map(weir::own) before it
#include <weir/weir.hpp>

#include <string_view>

int main() {
    weir::app app{"a"};
    [[maybe_unused]] auto s = app.topic<std::string_view, int>("t") | weir::items() | weir::take(3);
}
