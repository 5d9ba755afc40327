// SPDX-License-Identifier: Apache-2.0
// The JSON orders that benchmarks read.
#pragma once
#include <string>

#include <weir/codec/json.hpp>

namespace weir::bench {

struct order {
    std::string account_id, product_id;
    double amount, price;
};

/// The i-th, of 10,000 accounts and 500 products.
inline void encode_order(long i, bytes& into) {
    into.reset();
    detail::encode_onto<order>(
        {"acc-" + std::to_string((i * 31) % 10'000), "product-" + std::to_string(i % 500),
         double(i % 100) + 0.5, double(i % 1000) + 0.25},
        into);
}

}  // namespace weir::bench
