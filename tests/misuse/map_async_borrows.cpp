// SPDX-License-Identifier: Apache-2.0
// says: weir: an asynchronous map keeps its argument: put map(weir::own) before it
#include <weir/weir.hpp>

weir::task<std::size_t> size(weir::bytes_view v) { co_return v.size(); }

int main() {
    weir::app app{"a"};
    [[maybe_unused]] auto s = app.topic<weir::bytes_view>("t") | weir::map(size);
}
