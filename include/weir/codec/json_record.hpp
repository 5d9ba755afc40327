// SPDX-License-Identifier: Apache-2.0
// The description of an aggregate: its fields with their names in JSON.
#pragma once
#include <weir/codec/json_reach.hpp>

namespace weir::detail {

constexpr std::string_view renamed(const names<>&, const void*, const void*) { return {}; }
/// The name that json_names gives the field at `at`; empty if it gives none. `ghost` is the object
/// that the fields are places in.
template <class T, class M, class... Rest>
constexpr std::string_view renamed(const names<M T::*, const char*, Rest...>& n, const T& ghost,
                                   const void* at) {
    if (static_cast<const void*>(&(ghost.*n.member)) == at) return n.name;
    if constexpr (sizeof...(Rest) == 0) return {};
    else return renamed(n.rest, ghost, at);
}

/// Whether the names belong to fields of `T`.
template <class T, class Names>
inline constexpr bool names_fields_of = false;
template <class T>
inline constexpr bool names_fields_of<T, names<>> = true;
template <class T, class M, class... Rest>
inline constexpr bool names_fields_of<T, names<M T::*, const char*, Rest...>> =
    names_fields_of<T, names<Rest...>>;

template <class T, std::size_t I>
consteval std::string_view json_name() {
    constexpr auto said = json_names_of<T>();
    if constexpr (!std::is_same_v<decltype(said), const names<>>) {
        static_assert(names_fields_of<T, std::remove_const_t<decltype(said)>>,
                      "weir: json_names are fields of the type that has them, each with its name: "
                      "weir::names{&order::id, \"$id\"}");
        const auto name = renamed(said, ghosts<T>::one.value, fields_of<T>::list[I].at);
        if (name.data()) return name;
    }
    return fields_of<T>::list[I].name;
}

template <class T, class I = std::make_index_sequence<field_count<T>>>
struct json_fields_of;
template <class T, std::size_t... I>
struct json_fields_of<T, std::index_sequence<I...>> {
    using fields = fields_of<T>;
    static constexpr json_field list[sizeof...(I) + 1] = {
        {json_name<T, I>(), fields::list[I].at,
         &json_of<typename fields::template type<I>>::shape}...,
        {}};
    static constexpr std::uint64_t required =
        ((std::uint64_t{kind_of<typename fields::template type<I>>() != json_kind::optional} << I) |
         ... | std::uint64_t{0});
    static constexpr bool names_differ = [] {
        for (std::size_t i = 0; i < sizeof...(I); ++i)
            for (std::size_t j = 0; j < i; ++j)
                if (list[i].name == list[j].name) return false;
        return true;
    }();
    static constexpr bool names_can_be_written = (is_json_name(list[I].name) && ...);
};

template <class T>
constexpr json_record make_record() {
    using fields = json_fields_of<T>;
    static_assert(
        fields::names_differ,
        "weir: two fields of this aggregate have one name in JSON: look at its json_names");
    static_assert(fields::names_can_be_written,
                  "weir: a name in JSON has no quotes, backslashes and control characters here: "
                  "look at the type's json_names");
    json_record r{fields_of<T>::base, fields::list, field_count<T>,
                  fields::required,   nullptr,      json_omits_empty<T>()};
    if constexpr (json_has_defaults<T>()) {
        r.required = 0;
        r.defaults = set_defaults<T>;
    }
    return r;
}
template <class T>
constexpr json_record json_of<T>::record = make_record<T>();

}  // namespace weir::detail
