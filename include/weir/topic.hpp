// SPDX-License-Identifier: Apache-2.0
// A topic: a name, the types of its keys and values, options. A source of a stream and a target of
// `to` and `through`.
#pragma once
#include <string>
#include <type_traits>
#include <utility>

#include <weir/decode.hpp>
#include <weir/graph/pipeline.hpp>

namespace weir {

/// `topic<V>`: keys are bytes. `topic<K, V>`: both are decoded. Made by `app.topic`; a handle to
/// copy as one likes, valid as long as its app.
///
/// Shape    -> stream<K, V>
/// Order    kept within a partition
/// Errors   bytes that do not decode: the topic's `on_decode_error`, else the app's
/// Throws   weir::setup_error if the name is none, or declared twice with different options
///          (app.topic)
template <class A, class B = void>
class topic {
public:
    using weir_stream = void;
    using key = std::conditional_t<std::is_void_v<B>, bytes, A>;
    using value = std::conditional_t<std::is_void_v<B>, A, B>;

    explicit topic(detail::topic_info& info) : info_(&info) {}

    const std::string& name() const { return info_->name; }
    detail::topic_info& info() const { return *info_; }

    detail::drawn draw(detail::sketch& s) const {
        return s.topic(*info_, detail::key_name<key>(), detail::value_name<value>());
    }
    template <class Chain>
    void build(detail::plan& p, Chain chain) const {
        static_assert(detail::has_codec<key> && detail::has_codec<value>,
                      "weir: a topic's key and value need a codec: an aggregate, or a "
                      "weir::codec<T> of your own");
        p.read(*info_, &detail::type_id<key, value>, &detail::decoder_of<key, value>::make_one,
               detail::new_segment<value>(p, std::move(chain)));
    }

private:
    detail::topic_info* info_;
};

}  // namespace weir
