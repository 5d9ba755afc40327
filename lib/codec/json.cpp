// SPDX-License-Identifier: Apache-2.0
// Reads JSON with simdjson's on-demand parser, guided by the description of the wanted type.
#include <weir/codec/json.hpp>

#include <cstring>
#include <limits>
#include <memory>
#include <new>

#include <simdjson.h>

#include "json_number.hpp"
#include "json_text.hpp"
#include "json_time.hpp"
#include "path.hpp"

namespace weir::detail {
namespace {

namespace ondemand = simdjson::ondemand;

/// The value inside a checked result, without a copy. Copying it right after it was written stalls
/// for 15 ns.
template <class T>
T& in(simdjson::simdjson_result<T>& checked) {
    auto&& value = std::move(checked).value_unsafe();
    return value;
}

[[noreturn]] void fail_syntax(simdjson::error_code e) {
    throw decode_error{std::string{"not JSON: "} + simdjson::error_message(e)};
}

[[noreturn]] void fail(const path& at, const std::string& sentence) {
    throw decode_error{at.up ? at.text() + ": " + sentence : sentence};
}

void check_depth(const path& at) {
    if (at.depth <= deepest) return;
    throw decode_error{"nested too deep: no more than " + std::to_string(deepest) +
                       " levels are read"};
}

/// What kind of value a text begins; empty if it is not JSON.
std::string_view found(std::string_view token) {
    switch (token.empty() ? '\0' : token.front()) {
        case '"': return "a string";
        case '{': return "an object";
        case '[': return "an array";
        case 't': return token == "true" ? "a boolean" : "";
        case 'f': return token == "false" ? "a boolean" : "";
        case 'n': return token == "null" ? "null" : "";
        default: return "";
    }
}

std::string range(const json_shape& shape) {
    const unsigned bits = static_cast<unsigned>(shape.size * 8);
    if (shape.kind == json_kind::natural)
        return "from 0 to " + std::to_string(~std::uint64_t{0} >> (64 - bits));
    const auto most = static_cast<std::int64_t>(~std::uint64_t{0} >> (65 - bits));
    return "from " + std::to_string(-most - 1) + " to " + std::to_string(most);
}

/// The text of the value alone. simdjson also returns the spaces behind it.
std::string_view token_of(ondemand::value& v) {
    std::string_view s = v.raw_json_token();
    while (!s.empty() && is_space(s.back())) s.remove_suffix(1);
    return s;
}

template <class Small, class Big>
bool store(Big wide, void* into) {
    const auto narrow = static_cast<Small>(wide);
    if (static_cast<Big>(narrow) != wide) return false;
    std::memcpy(into, &narrow, sizeof narrow);
    return true;
}
template <class One, class Two, class Four, class Eight>
bool store_integer(Eight wide, std::size_t size, void* into) {
    switch (size) {
        case 1: return store<One>(wide, into);
        case 2: return store<Two>(wide, into);
        case 4: return store<Four>(wide, into);
        default: return store<Eight>(wide, into);
    }
}

/// Reads one message. simdjson's index and a padded copy of the message grow and are used again.
/// Each thread has one; a codec that reads JSON inside JSON makes another.
class reader {
public:
    void read(bytes_view from, void* into, const json_shape& shape, const path& root);
    bool busy() const { return begin_ != nullptr; }

private:
    using value_type = ondemand::value;

    void copy(std::string_view from);
    void root(std::string_view text, void* into, const json_shape& shape, const path& at);
    void value(value_type& v, const json_shape& shape, void* into, const path& at);
    void object(ondemand::object& o, const json_record& record, void* into, const path& at);
    void missing(std::uint64_t seen, const json_record& record, void* into, const path& at);
    void map(ondemand::object& o, const json_shape& shape, void* into, const path& at);
    void list(ondemand::array& a, const json_shape& shape, void* into, const path& at);
    void array(ondemand::array& a, const json_shape& shape, void* into, const path& at);
    void bits(ondemand::array& a, std::vector<bool>& into, const path& at);
    void fixed(ondemand::array& a, const json_shape& shape, void* into, const path& at);
    void variant(value_type& v, const json_shape& shape, void* into, const path& at);
    void own(value_type& v, const json_shape& shape, void* into, const path& at);
    void boolean(value_type& v, void* into, const path& at);
    void real(value_type& v, std::size_t size, void* into, const path& at);
    void integer(value_type& v, const json_shape& shape, void* into, const path& at);
    void natural(value_type& v, const json_shape& shape, void* into, const path& at);
    void enumerator(value_type& v, const json_shape& shape, void* into, const path& at);
    void time(value_type& v, const json_shape& shape, void* into, const path& at);
    void view(value_type& v, void* into, const path& at);
    std::string_view text(value_type& v, const char* expected, const path& at);
    std::string_view raw(value_type& v, const path& at);
    std::string_view in_message(std::string_view in_copy) const;
    std::size_t find(ondemand::field& f, const json_record& record, std::size_t from);
    bool is(const char* key, std::string_view name) const;

    [[noreturn]] void fail_token(std::string_view token) const;
    [[noreturn]] void fail_expected(const path& at, std::string_view expected,
                                    std::string_view token) const;
    [[noreturn]] void fail_integer(const path& at, const json_shape& shape, std::string_view token,
                                   number_read result) const;

    ondemand::parser parser_;
    std::unique_ptr<char[]> copy_;
    std::size_t capacity_ = 0;
    const char* begin_ = nullptr;  // of the message that is being read
    const char* end_ = nullptr;    // behind the copy and its padding
};

/// Says what is wrong at this token, and where. For numbers and words of other writers it says what
/// JSON has instead.
void reader::fail_token(std::string_view token) const {
    std::size_t line = 1, column = 1;
    for (const char* c = copy_.get(); c < token.data(); ++c) {
        line += *c == '\n';
        column = *c == '\n' ? 1 : column + 1;
    }
    std::string s = "not JSON: `" + shown(token) + "` at ";
    if (line > 1) s += "line " + std::to_string(line) + ", ";
    s += "column " + std::to_string(column);
    if (token.starts_with('-')) token.remove_prefix(1);
    for (const std::string_view word : {"NaN", "nan", "NAN", "Infinity", "infinity", "Inf", "inf"})
        if (token == word)
            s += "; JSON has no NaN and no infinity: send null, or leave the field out";
    for (const std::string_view word : {"None", "nil", "undefined", "NULL", "Null"})
        if (token == word) s += "; in JSON it is null";
    for (const std::string_view word : {"True", "False", "TRUE", "FALSE"})
        if (token == word) s += "; in JSON it is true or false, in small letters";
    if (token.starts_with('\'')) s += "; in JSON, text stands in double quotes";
    throw decode_error{s};
}

/// The value is not what was expected. Says what it is, or that it is not JSON.
void reader::fail_expected(const path& at, std::string_view expected,
                           std::string_view token) const {
    if (is_number(token)) fail(at, "expected " + std::string{expected} + ", found " + shown(token));
    const auto what = found(token);
    if (what.empty()) fail_token(token);
    fail(at, "expected " + std::string{expected} + ", found " + std::string{what});
}

void reader::fail_integer(const path& at, const json_shape& shape, std::string_view token,
                          number_read result) const {
    const bool out_of_range = result == number_read::ok || result == number_read::too_large;
    fail_expected(at, out_of_range ? "an integer " + range(shape) : "an integer", token);
}

/// Copies the message into a buffer of ours. simdjson reads some bytes beyond the end. Beyond the
/// end of librdkafka's buffer that would be an error to sanitizers, and may be an unmapped page.
void reader::copy(std::string_view from) {
    if (from.size() > capacity_ || !copy_) {
        std::size_t capacity = 1024;
        while (capacity < from.size()) capacity *= 2;
        copy_ = std::make_unique<char[]>(capacity + simdjson::SIMDJSON_PADDING);
        if (const auto e = parser_.allocate(capacity)) {
            capacity_ = 0;
            fail_syntax(e);
        }
        capacity_ = capacity;
    }
    if (!from.empty()) std::memcpy(copy_.get(), from.data(), from.size());
    std::memset(copy_.get() + from.size(), ' ', simdjson::SIMDJSON_PADDING);
    end_ = copy_.get() + from.size() + simdjson::SIMDJSON_PADDING;
}

void reader::read(bytes_view from, void* into, const json_shape& shape, const path& at) {
    struct reading {
        const char*& begin;
        ~reading() { begin = nullptr; }
    } ends{begin_};
    begin_ = from.view().data();
    copy(from.view());
    root({copy_.get(), from.size()}, into, shape, at);
}

void reader::root(std::string_view text, void* into, const json_shape& shape, const path& at) {
    const simdjson::padded_string_view padded{text.data(), text.size(),
                                              capacity_ + simdjson::SIMDJSON_PADDING};
    auto begun = parser_.iterate(padded);
    if (const auto e = begun.error()) fail_syntax(e);
    ondemand::document& document = in(begun);
    const auto check = [&](simdjson::error_code e, const char* expected) {
        if (e == simdjson::INCORRECT_TYPE) fail_expected(at, expected, trimmed(text));
        if (e) fail_syntax(e);
    };
    if (shape.kind == json_kind::object || shape.kind == json_kind::map) {
        auto o = document.get_object();
        check(o.error(), "an object");
        if (shape.kind == json_kind::map) map(in(o), shape, into, at);
        else object(in(o), *shape.record, into, at);
    } else {
        auto a = document.get_array();
        check(a.error(), "an array");
        list(in(a), shape, into, at);
    }
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS)
        throw decode_error{"not JSON: something follows the end of the value"};
}

/// Maps a piece of the copy back to the message itself.
std::string_view reader::in_message(std::string_view in_copy) const {
    return {begin_ + (in_copy.data() - copy_.get()), in_copy.size()};
}

bool reader::is(const char* key, std::string_view name) const {
    return static_cast<std::size_t>(end_ - key) > name.size() &&
           std::memcmp(key, name.data(), name.size()) == 0 && key[name.size()] == '"';
}

/// The index of this field. Writers keep an order, so the field behind the last one is tried first.
std::size_t reader::find(ondemand::field& f, const json_record& record, std::size_t from) {
    const char* key = f.key().raw();
    if (from < record.count && is(key, record.fields[from].name)) return from;
    for (std::size_t i = 0; i < record.count; ++i)
        if (is(key, record.fields[i].name)) return i;
    while (*key != '"' && *key != '\\') ++key;
    if (*key == '"') return record.count;
    std::string_view plain;
    if (const auto e = f.unescaped_key().get(plain)) fail_syntax(e);
    for (std::size_t i = 0; i < record.count; ++i)
        if (record.fields[i].name == plain) return i;
    return record.count;
}

void* place(void* into, const json_record& record, const json_field& f) {
    return static_cast<char*>(into) +
           (static_cast<const char*>(f.at) - static_cast<const char*>(record.base));
}

void reader::object(ondemand::object& o, const json_record& record, void* into, const path& at) {
    check_depth(at);
    std::uint64_t seen = 0;
    std::size_t next = 0;
    for (auto item : o) {
        if (const auto e = item.error()) fail_syntax(e);
        ondemand::field& f = in(item);
        const auto i = find(f, record, next);
        if (i == record.count) continue;
        const json_field& wanted = record.fields[i];
        value(f.value(), *wanted.what, place(into, record, wanted), {&at, wanted.name});
        seen |= std::uint64_t{1} << i;
        next = i + 1;
    }
    if (record.count == 0 || seen == ~std::uint64_t{0} >> (64 - record.count)) return;
    missing(seen, record, into, at);
}

void reader::missing(std::uint64_t seen, const json_record& record, void* into, const path& at) {
    if (record.defaults) return record.defaults(into, ~seen);
    for (std::size_t i = 0; i < record.count; ++i) {
        const json_field& f = record.fields[i];
        if (seen >> i & 1) continue;
        if (record.required >> i & 1) fail({&at, f.name}, "missing, and it is not a std::optional");
        f.what->container->resize(place(into, record, f), 0);
    }
}

void reader::map(ondemand::object& o, const json_shape& shape, void* into, const path& at) {
    check_depth(at);
    shape.map->clear(into);
    for (auto item : o) {
        if (const auto e = item.error()) fail_syntax(e);
        ondemand::field& f = in(item);
        std::string_view key;
        if (const auto e = f.unescaped_key().get(key)) fail_syntax(e);
        value(f.value(), *shape.element, shape.map->value(into, key), {&at, key, 0, true});
    }
}

void reader::list(ondemand::array& a, const json_shape& shape, void* into, const path& at) {
    check_depth(at);
    switch (shape.kind) {
        case json_kind::bits: return bits(a, *static_cast<std::vector<bool>*>(into), at);
        case json_kind::array: return array(a, shape, into, at);
        default: return fixed(a, shape, into, at);
    }
}

/// Reads a std::array, a std::pair or a std::tuple: a fixed number of values.
void reader::fixed(ondemand::array& a, const json_shape& shape, void* into, const path& at) {
    const std::size_t count = shape.tuple ? shape.tuple->count : shape.count;
    std::size_t n = 0;
    for (auto item : a) {
        if (const auto e = item.error()) fail_syntax(e);
        const path here{&at, {}, n};
        if (n >= count) {
        } else if (shape.tuple) {
            value(in(item), *shape.tuple->shapes[n], shape.tuple->at(into, n), here);
        } else {
            value(in(item), *shape.element, static_cast<char*>(into) + n * shape.element->size,
                  here);
        }
        ++n;
    }
    if (n != count)
        fail(at, "expected an array of " + std::to_string(count) + ", found one of " +
                     std::to_string(n));
}

void reader::array(ondemand::array& a, const json_shape& shape, void* into, const path& at) {
    const std::size_t size = shape.element->size;
    std::size_t have = shape.container->view(into).count;
    auto* first = static_cast<char*>(shape.container->resize(into, have));
    std::size_t n = 0;
    for (auto item : a) {
        if (const auto e = item.error()) fail_syntax(e);
        ondemand::value& v = in(item);
        if (n == have) first = static_cast<char*>(shape.container->resize(into, ++have));
        value(v, *shape.element, first + n * size, {&at, {}, n});
        ++n;
    }
    if (n < have) shape.container->resize(into, n);
}

void reader::bits(ondemand::array& a, std::vector<bool>& into, const path& at) {
    into.clear();
    for (auto item : a) {
        if (const auto e = item.error()) fail_syntax(e);
        bool b = false;
        boolean(in(item), &b, {&at, {}, into.size()});
        into.push_back(b);
    }
}

/// A string's text: in the copy, or unescaped in simdjson's buffer.
std::string_view reader::text(ondemand::value& v, const char* expected, const path& at) {
    const std::string_view token = token_of(v);
    if (token.size() < 2 || token.front() != '"' || token.back() != '"')
        fail_expected(at, expected, token);
    const std::string_view inside = token.substr(1, token.size() - 2);
    if (!inside.empty() && std::memchr(inside.data(), '\\', inside.size())) {
        std::string_view plain;
        if (const auto e = v.get_string().get(plain)) fail_syntax(e);
        return plain;
    }
    ondemand::raw_json_string passed;
    if (const auto e = v.get_raw_json_string().get(passed)) fail_syntax(e);
    return inside;
}

void reader::view(ondemand::value& v, void* into, const path& at) {
    const std::string_view inside = text(v, "a string", at);
    const bool escaped = inside.data() < copy_.get() || inside.data() >= end_;
    if (escaped)
        fail(at, "has an escape, which a std::string_view into the message cannot undo: make the "
                 "field a std::string");
    const auto in_place = in_message(inside);
    std::memcpy(into, &in_place, sizeof in_place);
}

/// The value's text in the copy.
std::string_view reader::raw(ondemand::value& v, const path& at) {
    std::string_view whole = token_of(v);
    simdjson::error_code e = simdjson::SUCCESS;
    if (whole.starts_with('{')) {
        auto o = v.get_object();
        e = o.error() ? o.error() : in(o).raw_json().get(whole);
    } else if (whole.starts_with('[')) {
        auto a = v.get_array();
        e = a.error() ? a.error() : in(a).raw_json().get(whole);
    }
    if (e) fail_syntax(e);
    whole = trimmed(whole);
    if (is_json(whole)) return whole;
    if (whole.starts_with('{') || whole.starts_with('['))
        fail(at, "what it holds is not JSON, or nested deeper than " + std::to_string(deepest) +
                     " levels");
    fail_token(whole);
}

void reader::enumerator(ondemand::value& v, const json_shape& shape, void* into, const path& at) {
    const auto& names = *shape.names;
    const auto name = text(v, "an enumerator's name, as a string", at);
    for (std::size_t i = 0; i < names.count; ++i) {
        if (names.list[i].name != name) continue;
        store_integer<std::uint8_t, std::uint16_t, std::uint32_t>(names.list[i].value, shape.size,
                                                                  into);
        return;
    }
    std::string known;
    constexpr std::size_t most = 12;
    for (std::size_t i = 0; i < names.count && i < most; ++i)
        known.append(i ? ", " : "").append(names.list[i].name);
    fail(at, "expected one of " + known + (names.count > most ? ", …" : "") + ", found \"" +
                 shown(name) + '"');
}

void reader::time(ondemand::value& v, const json_shape& shape, void* into, const path& at) {
    const auto written = text(v, "a time as text, like \"2024-06-07T12:34:56Z\"", at);
    std::int64_t ticks = 0;
    auto wrong = read_time(written, *shape.tick, ticks);
    const bool fits =
        store_integer<std::int8_t, std::int16_t, std::int32_t>(ticks, shape.size, into);
    if (wrong.empty() && !fits) wrong = "is beyond what the field's type can hold";
    if (!wrong.empty())
        fail(at, "expected a time like 2024-06-07T12:34:56Z; \"" + shown(written) + "\" " + wrong);
}

/// Calls the type's own codec. It gets a string's text, and any other value as JSON; if it borrows,
/// the bytes are those of the message.
void reader::own(ondemand::value& v, const json_shape& shape, void* into, const path& at) {
    std::string_view bytes = shape.own->text ? text(v, "a string", at) : raw(v, at);
    if (bytes.data() >= copy_.get() && bytes.data() < end_) bytes = in_message(bytes);
    else if (shape.own->borrows)
        fail(at, "has an escape, which what borrows from the message cannot undo");
    try {
        shape.own->decode(bytes, into);
    } catch (const std::bad_alloc&) { throw; } catch (const std::exception& e) {
        fail(at, e.what());
    }
}

constexpr json_form form_at(std::string_view token) {
    switch (token.empty() ? '\0' : token.front()) {
        case '"': return form_text;
        case '{': return form_object;
        case '[': return form_array;
        case 't':
        case 'f': return form_boolean;
        case 'n': return form_null;
        default: return form_number;
    }
}

/// Reads the alternative that has the value's form, or else the one that takes any form.
void reader::variant(ondemand::value& v, const json_shape& shape, void* into, const path& at) {
    const auto& of = *shape.variant;
    const auto token = token_of(v);
    for (const unsigned form : {unsigned{form_at(token)}, unsigned{form_any}})
        for (std::size_t i = 0; i < of.count; ++i)
            if (of.forms[i] & form) return value(v, *of.shapes[i], of.at(into, i), at);
    constexpr std::pair<unsigned, const char*> forms[] = {
        {form_null, "null"},     {form_boolean, "a boolean"}, {form_number, "a number"},
        {form_text, "a string"}, {form_array, "an array"},    {form_object, "an object"}};
    std::string expected;
    for (const auto& [form, name] : forms)
        for (std::size_t i = 0; i < of.count; ++i)
            if (of.forms[i] & form) expected.append(expected.empty() ? "" : " or ").append(name);
    fail_expected(at, expected, token);
}

void reader::boolean(ondemand::value& v, void* into, const path& at) {
    bool b = false;
    if (v.get_bool().get(b)) fail_expected(at, "a boolean", token_of(v));
    std::memcpy(into, &b, sizeof b);
}

void reader::real(ondemand::value& v, std::size_t size, void* into, const path& at) {
    const auto read = [&](auto number, const char* holder) {
        const auto token = token_of(v);
        const auto result = read_real(token, number);
        if (result != number_read::ok)
            fail_expected(at, result == number_read::too_large ? holder : "a number", token);
        std::memcpy(into, &number, sizeof number);
    };
    // Reads a float from its text. Rounding to double first can give a neighbour of the nearest
    // float.
    if (size == sizeof(float)) return read(float{}, "a number a float can hold");
    constexpr std::size_t exact = 19;  // simdjson counts digits up to here
    double d = 0;
    if (v.raw_json_token().size() > exact || v.get_double().get(d))
        return read(d, "a number a double can hold");
    std::memcpy(into, &d, sizeof d);
}

void reader::integer(ondemand::value& v, const json_shape& shape, void* into, const path& at) {
    const std::string_view raw = v.raw_json_token();
    std::int64_t i = 0;
    if (!v.get_int64().get(i) &&
        store_integer<std::int8_t, std::int16_t, std::int32_t>(i, shape.size, into))
        return;
    bool negative = false;
    std::uint64_t size = 0;
    const auto result = read_integer(trimmed(raw), negative, size);
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    if (result == number_read::ok && size <= most + negative) {
        i = static_cast<std::int64_t>(negative ? ~size + 1 : size);
        if (store_integer<std::int8_t, std::int16_t, std::int32_t>(i, shape.size, into)) return;
    }
    fail_integer(at, shape, trimmed(raw), result);
}

void reader::natural(ondemand::value& v, const json_shape& shape, void* into, const path& at) {
    const std::string_view raw = v.raw_json_token();
    std::uint64_t n = 0;
    if (!v.get_uint64().get(n) &&
        store_integer<std::uint8_t, std::uint16_t, std::uint32_t>(n, shape.size, into))
        return;
    bool negative = false;
    const auto result = read_integer(trimmed(raw), negative, n);
    if (result == number_read::ok && !negative &&
        store_integer<std::uint8_t, std::uint16_t, std::uint32_t>(n, shape.size, into))
        return;
    fail_integer(at, shape, trimmed(raw), result);
}

void reader::value(ondemand::value& v, const json_shape& shape, void* into, const path& at) {
    switch (shape.kind) {
        case json_kind::text: {
            static_cast<std::string*>(into)->assign(text(v, "a string", at));
            return;
        }
        case json_kind::view: return view(v, into, at);
        case json_kind::raw: return static_cast<raw_json*>(into)->assign(raw(v, at));
        case json_kind::real: return real(v, shape.size, into, at);
        case json_kind::boolean: return boolean(v, into, at);
        case json_kind::integer: return integer(v, shape, into, at);
        case json_kind::natural: return natural(v, shape, into, at);
        case json_kind::enumerator: return enumerator(v, shape, into, at);
        case json_kind::time: return time(v, shape, into, at);
        case json_kind::own: return own(v, shape, into, at);
        case json_kind::variant: return variant(v, shape, into, at);
        case json_kind::null: {
            if (token_of(v) != "null") fail_expected(at, "null", token_of(v));
            return;
        }
        case json_kind::optional: {
            const bool null = v.raw_json_token().front() == 'n';
            if (null && token_of(v) != "null") fail_token(token_of(v));
            void* inside = shape.container->resize(into, null ? 0 : 1);
            if (!null) value(v, *shape.element, inside, at);
            return;
        }
        case json_kind::object:
        case json_kind::map: {
            auto o = v.get_object();
            if (o.error()) fail_expected(at, "an object", token_of(v));
            if (shape.kind == json_kind::map) return map(in(o), shape, into, at);
            return object(in(o), *shape.record, into, at);
        }
        case json_kind::array:
        case json_kind::bits:
        case json_kind::fixed:
        case json_kind::tuple: {
            auto a = v.get_array();
            if (a.error()) fail_expected(at, "an array", token_of(v));
            return list(in(a), shape, into, at);
        }
        case json_kind::none: return;
    }
}

}  // namespace

void read_json(bytes_view from, void* into, const json_shape& shape, std::string_view type) {
    static thread_local reader one;
    if (!one.busy()) return one.read(from, into, shape, {nullptr, type});
    reader another;  // a user's codec reads JSON inside JSON
    another.read(from, into, shape, {nullptr, type});
}

}  // namespace weir::detail
