// SPDX-License-Identifier: Apache-2.0
// How `items`, `enumerate` and `events` refer to a value without copying it.
#pragma once
#include <optional>
#include <type_traits>
#include <utility>

#include <weir/codec/codec.hpp>
#include <weir/segment/chain.hpp>

namespace weir::detail {

/// Refers to a value that lives while its message is being processed. A copy owns its value, so it
/// may be buffered, stored or returned. An object made of a moved value owns it, too.
template <class T>
class borrowed_or_owned {
public:
    explicit borrowed_or_owned(const T* at) : at_(at) {}
    borrowed_or_owned(T own) : own_(std::move(own)), at_(&*own_) {}
    borrowed_or_owned(const borrowed_or_owned& o) : own_(*o), at_(&*own_) {}
    borrowed_or_owned(borrowed_or_owned&& o) : own_(o.taken()), at_(&*own_) {}
    borrowed_or_owned& operator=(const borrowed_or_owned& o) {
        if (own_) *own_ = *o;
        else own_.emplace(*o);
        at_ = &*own_;
        return *this;
    }
    borrowed_or_owned& operator=(borrowed_or_owned&& o) {
        if (!o.own_) return *this = std::as_const(o);
        if (own_) *own_ = std::move(o.mine());
        else own_.emplace(std::move(o.mine()));
        at_ = &*own_;
        return *this;
    }
    ~borrowed_or_owned() = default;

    const T& operator*() const { return *at_; }
    const T* operator->() const { return at_; }

private:
    // by the pointer: g++ would warn of an optional that may be empty
    T& mine() { return const_cast<T&>(*at_); }
    T taken() { return own_ ? T(std::move(mine())) : T(*at_); }

    std::optional<T> own_;  // its capacity is used again
    const T* at_;
};

/// The key of the message at `c`, a context or an origin: the decoded key if there is one, else it
/// is decoded into `scratch`.
template <class K>
const K* key_at(const auto& c, K& scratch) {
    if constexpr (is_raw<K>) {
        decode_into<K>(c.message().key, scratch);
    } else {
        if constexpr (requires { c.keys; })
            if (c.keys) return &static_cast<const slot<K>*>(c.keys)[c.i].value;
        if (const auto* k = c.from.key_of(c.i)) return static_cast<const K*>(k);
        decode_into<K>(c.message().key, scratch);
    }
    return &scratch;
}

}  // namespace weir::detail
