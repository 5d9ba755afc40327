// SPDX-License-Identifier: Apache-2.0
// app.ask, in a header of its own: <future> would cost compile time in every file.
#pragma once
#include <exception>
#include <future>
#include <type_traits>
#include <utility>

#include <weir/app.hpp>

namespace weir {
namespace detail {

template <class F>
struct include_weir_ask_hpp {
    using result = std::invoke_result_t<F&>;
    using type = std::future<result>;
};

}  // namespace detail

template <class F>
typename detail::include_weir_ask_hpp<F>::type app::ask(F f) {
    using result = typename detail::include_weir_ask_hpp<F>::result;
    std::promise<result> promise;
    auto answer = promise.get_future();
    post([this, f = std::move(f), promise = std::move(promise)]() mutable {
        try {
            check_restored();
            if constexpr (std::is_void_v<result>) {
                f();
                promise.set_value();
            } else {
                promise.set_value(f());
            }
        } catch (...) { promise.set_exception(std::current_exception()); }
    });
    return answer;
}

}  // namespace weir
