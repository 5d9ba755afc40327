// SPDX-License-Identifier: Apache-2.0
// What `topic.send` takes and returns.
#pragma once
#include <coroutine>
#include <cstdint>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <weir/codec/codec.hpp>
#include <weir/graph/plan.hpp>
#include <weir/task.hpp>

namespace weir {

/// A key or a value to be sent, encoded when it is made. (Not an aggregate, and with a constructor
/// that takes anything: otherwise g++ 12 destroys other arguments of a `co_await` twice.)
template <class T>
class in {
public:
    in(std::nullopt_t) {}
    template <class... A>
        requires(sizeof...(A) > 0)
    in(A&&... a) {
        if constexpr ((std::is_same_v<std::decay_t<A>, T> && ...) && sizeof...(A) == 1)
            (detail::encode_onto<T>(a, bytes_), ...);
        else if constexpr (std::is_constructible_v<T, A...>)
            detail::encode_onto<T>(T(std::forward<A>(a)...), bytes_);
        else if constexpr (requires { T{std::forward<A>(a)...}; })
            detail::encode_onto<T>(T{std::forward<A>(a)...}, bytes_);
        else
            static_assert(!sizeof...(A),
                          "weir: send(key, value): this makes no key or no value of the topic's "
                          "types; a field that is a double takes 5.0, not 5");
    }
    in(const in&) = delete;
    in& operator=(const in&) = delete;
    const bytes& encoded() const { return bytes_; }

private:
    bytes bytes_;
};

/// A message that is being sent. May be ignored. `co_await` goes on when the broker has the
/// message, and throws weir::error if its policy gave up.
class pending_send {
public:
    pending_send(detail::topic_info& to, detail::outgoing what);
    pending_send(const pending_send&) = delete;
    pending_send& operator=(const pending_send&) = delete;
    /// Throws weir::error if there was no room and nobody awaited it.
    ~pending_send() noexcept(false);

    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> h) {
        wait({h, h.promise().by}, *h.promise().loop);
    }
    void await_resume();

private:
    void wait(detail::suspended, detail::scheduler&);

    detail::send_request request_;
};

}  // namespace weir
