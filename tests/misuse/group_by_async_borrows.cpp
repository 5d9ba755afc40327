// SPDX-License-Identifier: Apache-2.0
// says: weir: an asynchronous group_by keeps its value: put map(weir::own) before it
#include <weir/weir.hpp>

#include <string_view>

weir::task<std::size_t> key(std::string_view s) { co_return s.size(); }

int main() {
    weir::app app{"a"};
    [[maybe_unused]] auto s = app.topic<std::string_view>("t") | weir::group_by(key, "key");
}
