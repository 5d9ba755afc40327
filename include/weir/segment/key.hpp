// SPDX-License-Identifier: Apache-2.0
// The key of a message, and what a boundary keeps of it.
#pragma once
#include <type_traits>

#include <weir/codec/codec.hpp>
#include <weir/segment/segment.hpp>

namespace weir::detail {

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
/// Copies that key.
template <class K>
void copy_key(const auto& c, K& into) {
    if (const K* key = key_at<K>(c, into); key != &into) into = *key;
}

/// What an operator needs that reads keys of this type by `key_at`.
template <class K>
inline constexpr message_part needs_key = is_raw<K> ? message_part::key_bytes : message_part::key;

/// In place of a decoded key that is not kept.
struct no_key {};
/// What a boundary keeps for operators that need `Needs` and have keys of type K. If it keeps the
/// key's bytes, a decoded key would be a second copy. A key that points into its message, or that
/// cannot be copied, is kept as bytes.
template <class K, message_part Needs, bool May = true>
struct kept_of_message {
    static constexpr bool key_decoded = [] {
        if constexpr (!May || !includes(Needs, message_part::key) ||
                      includes(Needs, message_part::key_bytes))
            return false;
        else return !is_raw<K> && !borrows<K> && std::is_copy_constructible_v<K>;
    }();
    static constexpr message_part parts = key_decoded || !includes(Needs, message_part::key)
                                              ? Needs
                                              : Needs | message_part::key_bytes;
    using key = std::conditional_t<key_decoded, K, no_key>;
};

}  // namespace weir::detail
