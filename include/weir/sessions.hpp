// SPDX-License-Identifier: Apache-2.0
// Sessions: what a table has for each key behind `window(session(gap), …)`.
#pragma once
#include <cstddef>
#include <utility>
#include <vector>

#include <weir/codec/json.hpp>
#include <weir/fwd.hpp>
#include <weir/state/heap_bytes.hpp>

namespace weir {

/// Messages of one key that follow one another within a gap, and what was made of them. `start` and
/// `end` are the times of the first and of the last.
template <class A>
struct open_session {
    timestamp start{};
    timestamp end{};
    A value{};
    friend bool operator==(const open_session&, const open_session&) = default;
};

/// The open sessions of one key, by time. Written as a JSON array. Usually there is one: it is kept
/// without an allocation.
template <class A>
class sessions {
public:
    using value = A;

    std::size_t size() const { return has_first_ ? more_.size() + 1 : 0; }
    bool empty() const { return !has_first_; }
    const open_session<A>& operator[](std::size_t i) const {
        return i == 0 ? first_ : more_[i - 1];
    }
    open_session<A>& operator[](std::size_t i) { return i == 0 ? first_ : more_[i - 1]; }

    class iterator {
    public:
        iterator(const sessions& of, std::size_t i) : of_(&of), i_(i) {}
        const open_session<A>& operator*() const { return (*of_)[i_]; }
        iterator& operator++() {
            ++i_;
            return *this;
        }
        friend bool operator==(const iterator&, const iterator&) = default;

    private:
        const sessions* of_;
        std::size_t i_;
    };
    iterator begin() const { return {*this, 0}; }
    iterator end() const { return {*this, size()}; }

    void insert(std::size_t i, open_session<A> s) {
        if (i == 0) {
            if (has_first_) more_.insert(more_.begin(), std::move(first_));
            first_ = std::move(s);
            has_first_ = true;
        } else {
            more_.insert(more_.begin() + static_cast<std::ptrdiff_t>(i - 1), std::move(s));
        }
    }
    void erase(std::size_t i) {
        if (i > 0) {
            more_.erase(more_.begin() + static_cast<std::ptrdiff_t>(i - 1));
        } else if (more_.empty()) {
            first_ = {};
            has_first_ = false;
        } else {
            first_ = std::move(more_.front());
            more_.erase(more_.begin());
        }
    }
    /// What they have allocated: for the limits of tables.
    std::size_t heap_bytes() const {
        std::size_t n = detail::block_bytes(more_.size() * sizeof(open_session<A>));
        for (const auto& s : *this) n += detail::heap_bytes(s.value);
        return n;
    }
    friend bool operator==(const sessions&, const sessions&) = default;

private:
    open_session<A> first_{};
    bool has_first_ = false;
    std::vector<open_session<A>> more_{};
};

template <class A>
struct codec<sessions<A>> {
    static constexpr bool is_json = true;
    using array = std::vector<open_session<A>>;
    static void decode(bytes_view from, sessions<A>& into) {
        array all;
        codec<array>::decode(from, all);
        into = {};
        for (auto& s : all) into.insert(into.size(), std::move(s));
    }
    static void encode(const sessions<A>& value, bytes& onto) {
        array all;
        for (auto& s : value) all.push_back(s);
        codec<array>::encode(all, onto);
    }
};

namespace detail {

template <class T>
inline constexpr bool is_sessions = false;
template <class A>
inline constexpr bool is_sessions<sessions<A>> = true;

}  // namespace detail
}  // namespace weir
