// SPDX-License-Identifier: Apache-2.0
// The decode node: bytes of one partition's batch into recycled slots, read by every segment of the
// same types.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <weir/codec/codec.hpp>
#include <weir/graph/plan.hpp>

namespace weir::detail {

/// A batch of one partition, decoded. A slot keeps its capacity; only messages that decoded have
/// one.
template <class K, class V>
class decoded final : public input_of<V> {
public:
    decoded(ledger& of, const topic_partition& place) : of_(&of), place_(&place) {}

    hold hold_of(std::size_t i) override { return {*of_, raw(i).offset}; }
    message message_of(std::size_t i) const override { return raw(i); }
    headers headers_of(std::size_t i) const override { return what->headers(which[i]); }
    const topic_partition* place_of(std::size_t) const override { return place_; }
    const void* key_of(std::size_t i) const override {
        if constexpr (is_raw<K>) return nullptr;  // who wants it takes it from the message
        else return &keys[i].value;
    }
    const void* keys_at() const override {
        if constexpr (is_raw<K>) return nullptr;
        else return keys.data();
    }
    const void* value_of(std::size_t i, const void* type) const override {
        return type == &type_id<V> ? &this->values[i].value : nullptr;
    }

    void reserve(std::size_t n) {
        if (this->values.size() < n) this->values.resize(n), which.resize(n);
        if constexpr (!is_raw<K>)
            if (keys.size() < n) keys.resize(n);
    }

    const fetch* what = nullptr;
    std::vector<std::uint32_t> which;  // of the fetch's messages
    struct nothing {};
    std::conditional_t<is_raw<K>, nothing, std::vector<slot<K>>> keys{};

private:
    const message& raw(std::size_t i) const { return what->messages()[which[i]]; }

    ledger* of_;
    const topic_partition* place_;
};

template <class K, class V>
class decoder_of final : public decoder {
public:
    std::unique_ptr<input> make(ledger& of, const topic_partition& place) const override {
        return std::unique_ptr<input>{new decoded<K, V>{of, place}};
    }
    std::size_t decode(input& base, const fetch& what, std::size_t from,
                       std::exception_ptr& error) const override {
        auto& into = static_cast<decoded<K, V>&>(base);
        const auto messages = what.messages();
        into.what = &what;
        into.reserve(messages.size());
        try {
            for (; from < messages.size(); ++from) {
                auto& m = messages[from];
                if constexpr (!is_raw<K>) decode_into<K>(m.key, into.keys[into.count].value);
                decode_into<V>(m.value, into.values[into.count].value);
                into.which[into.count++] = static_cast<std::uint32_t>(from);
            }
        } catch (...) {
            error = std::current_exception();
        }
        return from;
    }
    void clear(input& base) const override { base.count = 0; }

    static std::unique_ptr<decoder> make_one() { return std::unique_ptr<decoder>{new decoder_of}; }
};

/// Whether these bytes are a value of the type; throws if not.
template <class V>
void check_decodes(bytes_view value) {
    require_codec<V>();
    if constexpr (has_codec<V> && std::is_default_constructible_v<V>) {
        V into{};
        decode_into<V>(value, into);
    }
}

template <class T>
constexpr data_form data_form_of() {
    if constexpr (is_raw<T>) return data_form::raw;
    else if constexpr (std::is_same_v<T, bool>) return data_form::boolean;
    else if constexpr (std::is_integral_v<T> && sizeof(T) <= sizeof(std::int64_t))
        return std::is_signed_v<T> ? data_form::integer : data_form::natural;
    else if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>)
        return data_form::real;
    else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>)
        return data_form::text;
    else if constexpr (requires { codec<T>::is_json; }) return data_form::json;
    else return data_form::own;
}
template <class T>
struct without_null {
    using type = T;
};
template <class T>
struct without_null<std::optional<T>> {
    using type = T;
};

/// What the command line knows of a type. One without a codec is refused where it is sent.
template <class T>
constexpr data_type data_type_of() {
    if constexpr (!has_codec<T> || is_raw<T>) {
        return {};
    } else {
        using plain = typename without_null<T>::type;
        constexpr auto form = data_form_of<plain>();
        constexpr auto size = form < data_form::boolean ? std::size_t{0} : sizeof(plain);
        return {form, std::uint8_t{size}, nullable<T>, &check_decodes<T>};
    }
}

/// Of a type that a topic is declared with.
template <class T>
constexpr data_type declared_type() {
    require_codec<T>();
    return data_type_of<T>();
}

}  // namespace weir::detail
