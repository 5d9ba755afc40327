// SPDX-License-Identifier: Apache-2.0
// The functions by which lib/codec reaches into containers and calls users' codecs, and the
// description of each type.
#pragma once
#include <weir/codec/json_describe.hpp>

namespace weir::detail {

template <class C>
json_elements view_of(const void* container) {
    const auto& c = *static_cast<const C*>(container);
    if constexpr (kind_of<C>() == json_kind::optional) return {c ? &*c : nullptr, c ? 1u : 0u};
    else return {c.data(), c.size()};
}
template <class C>
void* resize_to(void* container, std::size_t count) {
    auto& c = *static_cast<C*>(container);
    if constexpr (kind_of<C>() == json_kind::optional) {
        if (count == 0) c.reset();
        else if (!c) c.emplace();
        return count ? &*c : nullptr;
    } else {
        c.resize(count);
        return c.data();
    }
}
template <class C>
inline constexpr json_container container_of{view_of<C>, resize_to<C>};

template <class T>
void clear_map(void* map) {
    static_cast<T*>(map)->clear();
}
template <class T>
void* value_in_map(void* map, std::string_view key) {
    return &(*static_cast<T*>(map))[std::string{key}];
}
template <class T>
void each_in_map(const void* map, void* to,
                 void (*pass)(void* to, std::string_view key, const void* value)) {
    for (const auto& [key, value] : *static_cast<const T*>(map)) pass(to, key, &value);
}
template <class T>
inline constexpr json_map map_of{clear_map<T>, value_in_map<T>, each_in_map<T>};

template <class T>
void* in_tuple(void* tuple, std::size_t i) {
    void* found = nullptr;
    std::apply(
        [&](auto&... element) {
            std::size_t n = 0;
            ((found = n == i ? &element : found, ++n), ...);
        },
        *static_cast<T*>(tuple));
    return found;
}

template <class T>
std::size_t index_of(const void* variant) {
    return static_cast<const T*>(variant)->index();
}
template <class T>
void* in_variant(void* variant, std::size_t i) {
    auto& v = *static_cast<T*>(variant);
    void* found = nullptr;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        const auto one = [&]<std::size_t N>(std::integral_constant<std::size_t, N>) {
            if (N == i) found = v.index() == i ? std::get_if<N>(&v) : &v.template emplace<N>();
        };
        (one(std::integral_constant<std::size_t, I>{}), ...);
    }(std::make_index_sequence<std::variant_size_v<T>>{});
    return found;
}

template <class T>
void decode_own(bytes_view from, void* into) {
    decode_into(from, *static_cast<T*>(into));
}
template <class T>
void encode_own(const void* value, bytes& onto) {
    encode_onto(*static_cast<const T*>(value), onto);
}
template <class T>
inline constexpr json_own own_of{decode_own<T>, encode_own<T>, own_text<T>, borrows<T>};

/// Gives each missing field the value that it has in a new `T`. `missing` has a bit for each field.
template <class T>
void set_defaults(void* into, std::uint64_t missing) {
    static const T fresh{};
    using fields = fields_of<T>;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        const auto one = [&]<std::size_t N>(std::integral_constant<std::size_t, N>) {
            if (!(missing >> N & 1)) return;
            using field_type = typename fields::template type<N>;
            const auto place = static_cast<const char*>(fields::list[N].at) -
                               static_cast<const char*>(fields::base);
            auto* to = static_cast<char*>(into) + place;
            auto* from = reinterpret_cast<const char*>(&fresh) + place;
            *reinterpret_cast<field_type*>(to) = *reinterpret_cast<const field_type*>(from);
        };
        (one(std::integral_constant<std::size_t, I>{}), ...);
    }(std::make_index_sequence<fields::count>{});
}

/// Declared before both are defined: a tree's shape needs its record, and the record needs the
/// shape.
template <class T>
struct json_of {
    static const json_record record;
    static const json_shape shape;
};

template <class... T>
struct json_parts {
    static constexpr const json_shape* shapes[] = {&json_of<T>::shape...};
    static constexpr unsigned char forms[] = {forms_of<T>()...};
    static constexpr std::size_t count = sizeof...(T);
};
template <>
struct json_parts<> {  // std::tuple<>
    static constexpr const json_shape* const* shapes = nullptr;
    static constexpr std::size_t count = 0;
};
template <class T>
using json_parts_of = typename json_template<T>::template give<json_parts>;
template <class T>
inline constexpr json_tuple tuple_of{json_parts_of<T>::shapes, json_parts_of<T>::count,
                                     in_tuple<T>};
template <class T>
inline constexpr json_variant variant_of{json_parts_of<T>::shapes, json_parts_of<T>::forms,
                                         json_parts_of<T>::count, index_of<T>, in_variant<T>};
template <class E>
inline constexpr json_enum enum_of{enumerators<E>.list.data(), enumerators<E>.count};
template <class T>
inline constexpr json_tick tick_of{T::period::num, T::period::den};

template <class T>
constexpr json_shape make_shape() {
    using enum json_kind;
    constexpr auto kind = kind_of<T>();
    json_shape s{kind, sizeof(T)};
    if constexpr (kind == own) s.own = &own_of<T>;
    else if constexpr (kind == enumerator) s.names = &enum_of<T>;
    else if constexpr (kind == time) s.tick = &tick_of<T>;
    else if constexpr (kind == tuple) s.tuple = &tuple_of<T>;
    else if constexpr (kind == variant) s.variant = &variant_of<T>;
    else if constexpr (kind == object) s.record = &json_of<T>::record;
    else if constexpr (kind == map) {
        s.map = &map_of<T>;
        s.element = &json_of<typename T::mapped_type>::shape;
    } else if constexpr (kind == optional || kind == array || kind == fixed) {
        s.element = &json_of<typename T::value_type>::shape;
        if constexpr (kind == fixed) s.count = std::tuple_size_v<T>;
        else s.container = &container_of<T>;
    }
    return s;
}
template <class T>
constexpr json_shape json_of<T>::shape = make_shape<T>();

}  // namespace weir::detail
