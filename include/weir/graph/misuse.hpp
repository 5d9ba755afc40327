// SPDX-License-Identifier: Apache-2.0
// Operators for what cannot be in a pipeline. Each refuses with a sentence, before the compiler
// prints errors of its own.
#pragma once
#include <iterator>
#include <string_view>
#include <type_traits>
#include <utility>

#include <weir/graph/concepts.hpp>

namespace weir {
namespace detail {

// A sentence cannot be made of types in C++20. So what is asserted has a name that says what is
// wrong, and the compilers print it beside the sentence with its types:
// `f_can_be_called_with<f, const order&>`, `f_returns<int, where_wanted_is<std::string>>`.

/// An operator's function, and its arguments: `const V&`, where V is the stream's value type.
template <class F, class... Arguments>
inline constexpr bool f_can_be_called_with = calls<F, Arguments...>;
/// Asks about `V&` and `V` only if `const V&` does not fit: asking about a type compiles a generic
/// lambda for it.
template <class F, class V>
concept takes_constant = calls<F, const V&> || (!calls<F, V&> && !calls<F, V>);
/// False for a function that takes a V only if it may change it or move out of it.
template <class F, class V>
inline constexpr bool f_leaves_constant = takes_constant<F, V>;
template <class Returned, class Wanted>
inline constexpr bool f_returns = Wanted::template fits<Returned>;

/// What the function returns. `unknown` if it cannot be called: another sentence says so then.
struct unknown;
template <class F, class... Arguments>
struct returned {
    using type = unknown;
};
template <class F, class... Arguments>
    requires calls<F, Arguments...>
struct returned<F, Arguments...> {
    using type = std::invoke_result_t<F&, Arguments...>;
};
template <class F, class... Arguments>
using returned_by = typename returned<F, Arguments...>::type;

// What is wanted of it.
struct any_value;
struct any_range;
struct topic_name;
template <class W>
struct where_wanted_is;
template <>
struct where_wanted_is<bool> {
    template <class R>
    static constexpr bool fits = std::is_constructible_v<bool, R>;
};
template <>
struct where_wanted_is<any_value> {
    template <class R>
    static constexpr bool fits = !std::is_void_v<R> && !std::is_same_v<std::decay_t<R>, task<>>;
};
template <>
struct where_wanted_is<any_range> {
    template <class R>
    static constexpr bool fits = requires(R& r) { std::begin(r); };
};
template <>
struct where_wanted_is<topic_name> {
    template <class R>
    static constexpr bool fits = std::is_convertible_v<R, std::string_view>;
};
/// Whether an `R` may be the next state. It may not if converting a number could lose something.
template <class R, class S>
concept next_state =
    std::is_convertible_v<R, S> &&
    (!std::is_arithmetic_v<R> || !std::is_arithmetic_v<S> || requires(R r) { S{r}; });

template <class S>
struct next_state_of {
    template <class R>
    static constexpr bool fits = next_state<std::decay_t<R>, S>;
};
template <class Wanted>
inline constexpr bool f_returns<unknown, Wanted> = true;

/// A value is constant, whoever made it: other agents and a retry look at it, too.
template <class F, class V>
consteval bool leaves_constant() {
    static_assert(f_leaves_constant<F, V>,
                  "weir: f would change the stream's value or move out of it, and a value is "
                  "constant: let f take a const V&, or a V, which is a copy of its own");
    return true;
}

/// What stands before `|` is not a stream. (Declared here, beside the operators, since it may be of
/// any namespace.)
template <class S, is_applied O>
    requires(!is_stream<S>)
auto operator|(const S& s, const O&) {
    if constexpr (is_applied<S>)
        static_assert(!is_applied<S>,
                      "weir: operators are applied to a stream, one after another: begin with one, "
                      "app.topic<order>(\"orders\") | filter(f) | map(g)");
    else if constexpr (is_pipeline<S>)
        static_assert(!is_pipeline<S>,
                      "weir: this pipeline has ended in a sink (for_each, to): nothing comes out "
                      "of it; put tap in place of for_each, echo or through in place of to");
    else if constexpr (std::is_convertible_v<const S&, std::string_view>)
        static_assert(!is_applied<O>,
                      "weir: a name is no stream: app.topic<order>(\"orders\") | map(f), where "
                      "order is what the topic's messages are");
    else if constexpr (requires { std::begin(s); })
        static_assert(!is_applied<O>,
                      "weir: a range becomes a stream by from: weir::from(numbers) | map(f)");
    else
        static_assert(!is_applied<O>, "weir: what stands before | is not a stream: begin with one, "
                                      "app.topic<order>(\"orders\") | map(f)");
    return s;
}

/// What users put behind `|` by mistake. It does not cover every type, since other libraries may
/// have an operator| for streams.
template <class O>
concept looks_like_function =
    std::is_member_pointer_v<O> || std::is_function_v<O> ||
    std::is_function_v<std::remove_pointer_t<O>> || requires { &O::operator(); };

}  // namespace detail

/// What stands behind `|` is not an operator.
template <detail::is_stream S, class O>
    requires(!detail::is_applied<O> &&
             (detail::looks_like_function<O> || std::is_convertible_v<const O&, std::string_view>))
S operator|(S s, const O&) {
    static_assert(!std::is_convertible_v<const O&, std::string_view>,
                  "weir: a name is no operator: to(\"dear\") sends to a topic of this name, "
                  "through(\"dear\") goes on behind it");
    static_assert(std::is_convertible_v<const O&, std::string_view>,
                  "weir: a function is no operator: behind | stands map(f), filter(f), for_each(f) "
                  "or another operator that calls it");
    return s;
}

/// A stream alone cannot be iterated, since only an app turns a loop.
template <detail::is_stream S>
    requires(!requires(const S& s) { s.begin(); })
auto begin(const S&) {
    static_assert(!detail::is_stream<S>,
                  "weir: a stream is iterated by way of its app: for (auto& v : app.stream(orders "
                  "| filter(f))) …");
    return static_cast<typename S::value*>(nullptr);
}
template <detail::is_stream S>
    requires(!requires(const S& s) { s.begin(); })
typename S::value* end(const S&);

}  // namespace weir
