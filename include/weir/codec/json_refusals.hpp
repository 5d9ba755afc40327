// SPDX-License-Identifier: Apache-2.0
// The compiler's errors for types that JSON cannot carry: a sentence, with the field in its notes.
#pragma once
#include <weir/codec/json_describe.hpp>

namespace weir::detail {

/// Names a field in the compiler's notes. Both compilers print it: `…value.order::price`,
/// `…value.price`.
template <class Owner, place Field>
struct field_of;
template <class T>
struct part_of;  // of a container
template <class T>
struct message_of;

template <class T>
concept pointer_like = std::is_pointer_v<T> || requires(const T& p) {
    typename T::element_type;
    p.get();
};
template <class T>
concept map_like = requires {
    typename T::key_type;
    typename T::mapped_type;
};
template <class T>
concept time_like = requires(const T& t) { t.time_since_epoch(); };

// One for each sentence. The arguments show the type and the field.
// clang-format off
template <class T, class Where> inline constexpr bool json_without_base = !has_base<T>;
template <class T, class Where> inline constexpr bool json_few_fields =
    field_count<T> <= most_fields;
template <class T, class Where> inline constexpr bool json_without_c_array = !has_c_array<T>;
template <class T, class Where> inline constexpr bool json_without_bit_field = !has_bit_field<T>;
template <class T, class Where> inline constexpr bool json_no_c_array = !std::is_array_v<T>;
template <class T, class Where> inline constexpr bool json_not_const = !std::is_const_v<T>;
template <class T, class Where> inline constexpr bool json_no_pointer = !pointer_like<T>;
template <class T, class Where> inline constexpr bool json_no_bytes = !is_raw<T>;
template <class T, class Where> inline constexpr bool json_string_keys = string_map<T>;
template <class T, class Where> inline constexpr bool json_one_null = json_type<T>();
template <class T, class Where> inline constexpr bool json_forms_differ = json_type<T>();
template <class T, class Where> inline constexpr bool json_enumerators = json_type<T>();
template <class T, class Where> inline constexpr bool json_time = is_time<T>;
template <class T, class Where> inline constexpr bool json_good_codec = has_codec<T>;
template <class T, class Where> inline constexpr bool json_can_carry = json_type<T>();
// clang-format on

/// An aggregate that cannot be described.
template <class T, class Where>
struct refuse_aggregate {
    static constexpr bool base = has_base<T>;
    static constexpr bool many = !base && field_count<T> > most_fields;
    static_assert(!base || json_without_base<T, Where>,
                  "weir: an aggregate with a base class has no JSON form: make the base a field of "
                  "it, or specialise weir::codec for it");
    static_assert(!many || json_few_fields<T, Where>,
                  "weir: an aggregate of more than 64 fields has no JSON form: put some into an "
                  "aggregate of their own, or specialise weir::codec for it");
    static_assert(base || many || json_without_c_array<T, Where>,
                  "weir: an aggregate with a C array has no JSON form: make the array a std::array "
                  "or a std::vector, and text a std::string");
    static constexpr bool bits = [] {
        if constexpr (!base && !many && !has_c_array<T>) return has_bit_field<T>;
        else return false;
    }();
    static_assert(!bits || json_without_bit_field<T, Where>,
                  "weir: an aggregate with a bit-field has no JSON form: make it an integer of its "
                  "own, or specialise weir::codec for the aggregate");
};

/// A type that is neither an aggregate nor a known template.
template <class T, class Where>
struct refuse_leaf {
    static constexpr bool enumeration = std::is_enum_v<T>;
    static constexpr bool keyed = map_like<T>;
    static constexpr bool time = time_like<T>;
    static constexpr bool known = enumeration || keyed || time || own_codec<T> ||
                                  std::is_array_v<T> || std::is_const_v<T> || pointer_like<T> ||
                                  is_raw<T>;
    static_assert(json_no_c_array<T, Where>,
                  "weir: an aggregate with a C array has no JSON form: make the array a std::array "
                  "or a std::vector, and text a std::string");
    static_assert(std::is_array_v<T> || json_not_const<T, Where>,
                  "weir: a const field cannot be decoded: make it not const");
    static_assert(json_no_pointer<T, Where>,
                  "weir: JSON has no pointers: make this field a value, or a std::optional of one");
    static_assert(json_no_bytes<T, Where>,
                  "weir: JSON has no bytes: make this field a std::string, which is text, or send "
                  "the bytes as a message of their own");
    static_assert(!keyed || own_codec<T> || json_string_keys<T, Where>,
                  "weir: the names in a JSON object are strings: make the key of this map a "
                  "std::string");
    static_assert(
        !enumeration || own_codec<T> || json_enumerators<T, Where>,
        "weir: an enumeration is written by its enumerators' names: those from -32 to 127 "
        "are found, name others in weir::json_rules, and each but once");
    static_assert(!time || own_codec<T> || json_time<T, Where>,
                  "weir: a time in JSON is one of std::chrono::system_clock in ticks of whole "
                  "seconds, or of a tenth, hundredth … of one");
    static_assert(!own_codec<T> || json_good_codec<T, Where>,
                  "weir: the weir::codec of this field's type lacks decode(bytes_view, T&) or "
                  "encode(const T&, bytes&)");
    static_assert(
        known || json_can_carry<T, Where>,
        "weir: JSON cannot carry this field: give it one of the types of docs/json.md, or "
        "specialise weir::codec for its type");
};

/// Finds the part of a type that has no JSON form, and reports it.
template <class T, class Where, class... Within>
struct refuse;

template <class Where, class Within, class... T>
struct refuse_parts;
template <class Where, class... Within, class... T>
struct refuse_parts<Where, std::tuple<Within...>, T...> {
    static_assert(((sizeof(refuse<T, Where, Within...>) > 0) && ...));
};

template <class T, class Fields, class... Within>
struct refuse_fields;
template <class T, std::size_t... I, class... Within>
struct refuse_fields<T, std::index_sequence<I...>, Within...> {
    template <std::size_t N>
    using one = refuse<typename fields_of<T>::template type<N>,
                       field_of<T, place{nth<N>(places<T>)}>, T, Within...>;
    static_assert(((sizeof(one<I>) > 0) && ...));
};

struct nothing_wrong {};
template <class T, class Where, class... Within>
consteval auto find_refusal() {
    using std::type_identity;
    constexpr auto kind = kind_of<T>();
    if constexpr (json_type<T, Within...>()) return type_identity<nothing_wrong>{};
    else if constexpr (kind == json_kind::object)
        return type_identity<
            refuse_fields<T, std::make_index_sequence<field_count<T>>, Within...>>{};
    else if constexpr (kind == json_kind::map)
        return type_identity<refuse<typename T::mapped_type, Where, Within...>>{};
    else if constexpr (json_template<T>::kind != json_kind::none && kind != json_kind::own &&
                       kind != json_kind::none)
        return type_identity<
            typename json_template<T>::template give<refuse_parts, Where, std::tuple<Within...>>>{};
    else if constexpr (aggregate_class<T> && kind == json_kind::none)
        return type_identity<refuse_aggregate<T, Where>>{};
    else return type_identity<refuse_leaf<T, Where>>{};
}
template <class T, class Where, class... Within>
struct refuse : decltype(find_refusal<T, Where, Within...>())::type {
    /// All its parts have a form, but the type itself has none.
    template <json_kind Kind>
    static consteval bool alone() {
        if constexpr (kind_of<T>() != Kind || json_type<T, Within...>()) return false;
        else return json_template<T>::template give<json_types, std::tuple<Within...>>::value;
    }
    static_assert(!alone<json_kind::optional>() || json_one_null<T, Where>,
                  "weir: JSON has one null: what a std::optional holds must not be null itself");
    static_assert(!alone<json_kind::variant>() || json_forms_differ<T, Where>,
                  "weir: JSON tells the alternatives of a std::variant apart by their form, which "
                  "is null, a boolean, a number, a string, an array or an object: no two may have "
                  "the same");
};

template <class T>
    requires(!has_codec<T> && !own_codec<T> &&
             (aggregate_class<T> || json_template<T>::kind != json_kind::none || map_like<T>))
struct explain_codec<T> {
    static constexpr bool said = sizeof(refuse<T, message_of<T>>) > 0;
};

}  // namespace weir::detail
