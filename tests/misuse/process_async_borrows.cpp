// SPDX-License-Identifier: Apache-2.0
// says: weir: an asynchronous processor keeps its value: put map(weir::own) before it
#include <weir/weir.hpp>

#include <string_view>

weir::task<std::size_t> size(std::string_view s) { co_return s.size(); }

int main() {
    weir::app app{"a"};
    [[maybe_unused]] auto s = app.topic<std::string_view>("t") | weir::process(size);
}
