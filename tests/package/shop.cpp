// SPDX-License-Identifier: Apache-2.0
// A user's program, built by each of the ways in README.md, with more warnings than we ask of
// anybody. It has an option of every kind.
#include <cstdio>
#include <string>

#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct order {
    std::string account;
    double price;
};

int main(int argc, char** argv) {
    weir::app app{"shop",
                  {.broker = "memory://",
                   .commit_interval = 1s,
                   .stream_buffer_max = 1000,
                   .kafka = {{"fetch.min.bytes", "1"}}}};
    auto orders = app.topic<order>("orders", {.partitions = 2});
    auto dear = app.topic<std::string, order>("dear", {.on_decode_error = weir::skip});
    app.agent("sort", orders | weir::filter([](const order& o) { return o.price > 1; }) |
                          weir::group_by([](const order& o) { return o.account; }, "account") |
                          weir::take(2, 10s) |
                          weir::flat_map([](const weir::batch<order>& b) { return b; }) |
                          weir::to(dear));
    app.agent("print", dear | weir::map([](order o) {
                           o.price *= 2;
                           return o;
                       }) | weir::for_each([](const order& o) {
                           std::printf("%s %.1f\n", o.account.c_str(), o.price);
                       }),
              {.on_error = weir::retry(3, 100ms).then(weir::skip)});
    return app.main(argc, argv);
}
