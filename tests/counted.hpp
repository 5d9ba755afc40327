// SPDX-License-Identifier: Apache-2.0
// A value that counts how often it is copied, for tests of what an operator costs.
#pragma once
#include <weir/codec/codec.hpp>

namespace weir::testing {

struct counted {
    int number = 0;
    counted() = default;
    explicit counted(int n) : number(n) {}
    counted(const counted& o) : number(o.number) { ++copies; }
    counted(counted&&) noexcept = default;
    counted& operator=(const counted& o) {
        number = o.number;
        ++copies;
        return *this;
    }
    counted& operator=(counted&&) noexcept = default;
    ~counted() = default;
    static inline int copies = 0;
};

}  // namespace weir::testing

template <>
struct weir::codec<weir::testing::counted> {
    static void decode(bytes_view from, testing::counted& into) {
        codec<int>::decode(from, into.number);
    }
    static void encode(const testing::counted& v, bytes& onto) {
        codec<int>::encode(v.number, onto);
    }
};
