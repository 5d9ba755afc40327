// SPDX-License-Identifier: Apache-2.0
// says: weir: behind take a batch has no key of its own
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto sums = app.table<std::string, std::size_t>("sums");
    app.agent("x", app.topic<std::string, int>("t") | weir::take(3) |
                       weir::aggregate(sums, [](std::size_t& sum, const weir::batch<int>& b) {
                           sum += b.size();
                       }));
}
