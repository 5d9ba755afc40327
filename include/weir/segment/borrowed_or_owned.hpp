// SPDX-License-Identifier: Apache-2.0
// How `items`, `enumerate` and `events` refer to a value without copying it.
#pragma once
#include <optional>
#include <utility>

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

}  // namespace weir::detail
