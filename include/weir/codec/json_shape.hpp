// SPDX-License-Identifier: Apache-2.0
// Describes how a type is written as JSON. json_describe.hpp makes the description, and lib/codec
// reads and writes by it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <weir/message.hpp>

namespace weir::detail {

enum class json_kind : unsigned char {
    none,  // no JSON form
    boolean,
    integer,
    natural,
    real,
    text,
    view,  // std::string_view
    raw,   // weir::raw_json
    time,
    enumerator,
    own,  // has a user's codec
    optional,
    array,  // std::vector
    bits,   // std::vector<bool>
    fixed,  // std::array
    tuple,
    map,
    null,  // std::monostate
    variant,
    object
};

/// What the first letter of a value tells in JSON, a bit for each form. `any`: it can have all of
/// them.
enum json_form : unsigned char {
    form_null = 1,
    form_boolean = 2,
    form_number = 4,
    form_text = 8,
    form_array = 16,
    form_object = 32,
    form_any = 64
};

struct json_shape;

/// The elements of a container.
struct json_elements {
    const void* first;
    std::size_t count;
};
/// How to reach into a std::vector or a std::optional (a container of at most one).
struct json_container {
    json_elements (*view)(const void* container);
    void* (*resize)(void* container, std::size_t count);  // returns the first element
};
/// How to reach into a std::pair or a std::tuple.
struct json_tuple {
    const json_shape* const* shapes;
    std::size_t count;
    void* (*at)(void* tuple, std::size_t i);
};
/// How to reach into a std::map or a type like it.
struct json_map {
    void (*clear)(void* map);
    void* (*value)(void* map, std::string_view key);  // adds it if it is missing
    void (*each)(const void* map, void* to,
                 void (*pass)(void* to, std::string_view key, const void* value));
};
/// How to reach into a std::variant.
struct json_variant {
    const json_shape* const* shapes;
    const unsigned char* forms;  // for each alternative: the bits of json_form that it may have
    std::size_t count;
    std::size_t (*index)(const void* variant);
    // The alternative `i`; changes the variant if it holds another.
    void* (*at)(void* variant, std::size_t i);
};
/// A name of an enumeration. The value is cut to the size of the type.
struct json_enumerator {
    std::string_view name{};
    std::uint64_t value = 0;
};
struct json_enum {
    const json_enumerator* list;
    std::size_t count;
};
/// The tick of a time: `seconds` seconds, or one of `parts` parts of a second.
struct json_tick {
    std::int64_t seconds, parts;
};
/// A user's codec.
struct json_own {
    void (*decode)(bytes_view from, void* into);
    void (*encode)(const void* value, bytes& onto);
    bool text;     // its bytes are the text of a JSON string; else they are JSON
    bool borrows;  // the decoded value points into the message
};

struct json_field {
    std::string_view name{};
    const void* at = nullptr;  // see detail::field
    const json_shape* what = nullptr;
};
struct json_record {
    const void* base;
    const json_field* fields;
    std::size_t count;
    std::uint64_t required;  // a bit for each field
    // Null: only std::optional fields may be missing.
    void (*defaults)(void* into, std::uint64_t missing);
    bool omit_empty;  // empty std::optional fields are not written
};

/// How a type is written as JSON. What its kind does not need is null.
struct json_shape {
    json_kind kind;
    std::size_t size;
    const json_shape* element = nullptr;  // of an optional, an array or a map
    std::size_t count = 0;                // of a std::array
    const json_container* container = nullptr;
    const json_record* record = nullptr;
    const json_tuple* tuple = nullptr;
    const json_map* map = nullptr;
    const json_variant* variant = nullptr;
    const json_enum* names = nullptr;
    const json_tick* tick = nullptr;
    const json_own* own = nullptr;
};

/// Reads `from` into the object at `into`. Throws decode_error; `type` is the raw type name.
void read_json(bytes_view from, void* into, const json_shape& shape, std::string_view type);
/// Appends to `onto`. If it throws encode_error, it has appended nothing.
void write_json(const void* value, const json_shape& shape, std::string_view type, bytes& onto);

}  // namespace weir::detail
