// SPDX-License-Identifier: Apache-2.0
// Which shard a table has: by the types of its keys and values.
#pragma once
#include <weir/state/id_shard.hpp>
#include <weir/state/join_shard.hpp>
#include <weir/state/session_shard.hpp>
#include <weir/state/window_shard.hpp>

namespace weir::detail {

template <class K, class V>
struct shard_for {
    using type = shard_of<K, V>;
};
template <class K, class V>
struct shard_for<windowed<K>, V> {
    using type = window_shard<K, V>;
};
template <class K, class A>
struct shard_for<K, sessions<A>> {
    using type = session_shard<K, A>;
};
template <class K, class A, class B>
struct shard_for<K, joined_sides<A, B>> {
    using type = join_shard<K, A, B>;
};
template <class Id>
struct shard_for<Id, first_seen> {
    using type = id_shard<Id>;
};

/// What an aggregation makes: the table's values or, of a table of sessions, one session's.
template <class V>
struct aggregated {
    using type = V;
};
template <class A>
struct aggregated<sessions<A>> {
    using type = A;
};
template <class V>
using aggregated_t = typename aggregated<V>::type;

}  // namespace weir::detail
