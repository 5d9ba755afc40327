// SPDX-License-Identifier: Apache-2.0
// The fields of an aggregate as references. C++20 has no structured binding of an unknown number of
// names, so this file spells out each number.
#pragma once
#include <cstddef>
#include <utility>

namespace weir::detail {

inline constexpr std::size_t most_fields = 64;

/// Asks whether each field can have a reference. A bit-field cannot.
struct refers {
    template <class... F>
    void operator()(F&...) const;
};
struct no_references {};

/// Calls `f` with a reference to each field of `v`, in order of declaration. `Count` is the number
/// of fields. Returns `no_references` if one of them is a bit-field.
template <std::size_t Count, class T, class F>
constexpr decltype(auto) with_fields(T& v, F f) {
// clang-format off
#define WEIR_BIND(n, ...) \
    else if constexpr (Count == n) { \
        auto& [__VA_ARGS__] = v; \
        if constexpr (requires(refers all) { all(__VA_ARGS__); }) return f(__VA_ARGS__); \
        else return no_references{}; \
    }
    if constexpr (Count == 0) { return f(); }
    WEIR_BIND(1, a)
    WEIR_BIND(2, a, b)
    WEIR_BIND(3, a, b, c)
    WEIR_BIND(4, a, b, c, d)
    WEIR_BIND(5, a, b, c, d, e)
    WEIR_BIND(6, a, b, c, d, e, g)
    WEIR_BIND(7, a, b, c, d, e, g, h)
    WEIR_BIND(8, a, b, c, d, e, g, h, i)
    WEIR_BIND(9, a, b, c, d, e, g, h, i, j)
    WEIR_BIND(10, a, b, c, d, e, g, h, i, j, k)
    WEIR_BIND(11, a, b, c, d, e, g, h, i, j, k, l)
    WEIR_BIND(12, a, b, c, d, e, g, h, i, j, k, l, m)
    WEIR_BIND(13, a, b, c, d, e, g, h, i, j, k, l, m, n)
    WEIR_BIND(14, a, b, c, d, e, g, h, i, j, k, l, m, n, o)
    WEIR_BIND(15, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p)
    WEIR_BIND(16, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q)
    WEIR_BIND(17, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r)
    WEIR_BIND(18, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s)
    WEIR_BIND(19, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t)
    WEIR_BIND(20, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u)
    WEIR_BIND(21, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w)
    WEIR_BIND(22, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x)
    WEIR_BIND(23, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y)
    WEIR_BIND(24, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z)
    WEIR_BIND(25, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa)
    WEIR_BIND(26, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab)
    WEIR_BIND(27, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac)
    WEIR_BIND(28, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad)
    WEIR_BIND(29, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae)
    WEIR_BIND(30, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag)
    WEIR_BIND(31, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah)
    WEIR_BIND(32, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai)
    WEIR_BIND(33, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj)
    WEIR_BIND(34, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak)
    WEIR_BIND(35, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al)
    WEIR_BIND(36, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am)
    WEIR_BIND(37, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an)
    WEIR_BIND(38, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao)
    WEIR_BIND(39, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap)
    WEIR_BIND(40, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq)
    WEIR_BIND(41, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar)
    WEIR_BIND(42, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, at)
    WEIR_BIND(43, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, at, au)
    WEIR_BIND(44, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, at, au, aw)
    WEIR_BIND(45, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, at, au, aw, ax)
    WEIR_BIND(46, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, at, au, aw, ax, ay)
    WEIR_BIND(47, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, at, au, aw, ax, ay, az)
    WEIR_BIND(48, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, at, au, aw, ax, ay, az, ba)
    WEIR_BIND(49, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, at, au, aw, ax, ay, az, ba, bb)
    WEIR_BIND(50, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, at, au, aw, ax, ay, az, ba, bb,
        bc)
    WEIR_BIND(51, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, at, au, aw, ax, ay, az, ba, bb,
        bc, bd)
    WEIR_BIND(52, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, at, au, aw, ax, ay, az, ba, bb,
        bc, bd, be)
    WEIR_BIND(53, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, at, au, aw, ax, ay, az, ba, bb,
        bc, bd, be, bg)
    WEIR_BIND(54, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, at, au, aw, ax, ay, az, ba, bb,
        bc, bd, be, bg, bh)
    WEIR_BIND(55, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, at, au, aw, ax, ay, az, ba, bb,
        bc, bd, be, bg, bh, bi)
    WEIR_BIND(56, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, at, au, aw, ax, ay, az, ba, bb,
        bc, bd, be, bg, bh, bi, bj)
    WEIR_BIND(57, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, at, au, aw, ax, ay, az, ba, bb,
        bc, bd, be, bg, bh, bi, bj, bk)
    WEIR_BIND(58, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, at, au, aw, ax, ay, az, ba, bb,
        bc, bd, be, bg, bh, bi, bj, bk, bl)
    WEIR_BIND(59, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, at, au, aw, ax, ay, az, ba, bb,
        bc, bd, be, bg, bh, bi, bj, bk, bl, bm)
    WEIR_BIND(60, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, at, au, aw, ax, ay, az, ba, bb,
        bc, bd, be, bg, bh, bi, bj, bk, bl, bm, bn)
    WEIR_BIND(61, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, at, au, aw, ax, ay, az, ba, bb,
        bc, bd, be, bg, bh, bi, bj, bk, bl, bm, bn, bo)
    WEIR_BIND(62, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, at, au, aw, ax, ay, az, ba, bb,
        bc, bd, be, bg, bh, bi, bj, bk, bl, bm, bn, bo, bp)
    WEIR_BIND(63, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, at, au, aw, ax, ay, az, ba, bb,
        bc, bd, be, bg, bh, bi, bj, bk, bl, bm, bn, bo, bp, bq)
    WEIR_BIND(64, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, w, x, y, z, aa, ab,
        ac, ad, ae, ag, ah, ai, aj, ak, al, am, an, ao, ap, aq, ar, at, au, aw, ax, ay, az, ba, bb,
        bc, bd, be, bg, bh, bi, bj, bk, bl, bm, bn, bo, bp, bq, br)
#undef WEIR_BIND
    // clang-format on
}

}  // namespace weir::detail
