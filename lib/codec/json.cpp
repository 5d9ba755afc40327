// SPDX-License-Identifier: Apache-2.0
// Reading JSON: simdjson's on-demand parser, walked by the description of the type that is wanted.
#include <weir/codec/json.hpp>

#include <cstring>
#include <limits>
#include <memory>

#include <simdjson.h>

#include "json_number.hpp"
#include "path.hpp"

namespace weir::detail {
namespace {

namespace ondemand = simdjson::ondemand;

// A tree type recurses as deep as its message says: a hostile one must not reach the end of the
// stack.
constexpr std::size_t deepest = 256;

/// The value in a result that has been checked, where it is: a copy right after it was written
/// stalls (15 ns each).
template <class T>
T& in(simdjson::simdjson_result<T>& checked) {
    auto&& value = std::move(checked).value_unsafe();
    return value;
}

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

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

/// What a value is, told from its text; empty where it is nothing JSON knows.
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

/// Not what was expected: says what it is, or that it is no JSON at all.
[[noreturn]] void fail_expected(const path& at, std::string_view expected, std::string_view token) {
    if (!token.empty() &&
        (token.front() == '-' || (token.front() >= '0' && token.front() <= '9'))) {
        if (!is_number(token)) fail_syntax(simdjson::NUMBER_ERROR);
        constexpr std::size_t shown = 40;
        const bool whole = token.size() <= shown;
        fail(at, "expected " + std::string{expected} + ", found " +
                     std::string{token.substr(0, shown)} + (whole ? "" : "…"));
    }
    const auto what = found(token);
    if (what.empty()) fail_syntax(simdjson::TAPE_ERROR);
    fail(at, "expected " + std::string{expected} + ", found " + std::string{what});
}

std::string range(const json_shape& shape) {
    const unsigned bits = static_cast<unsigned>(shape.size * 8);
    if (shape.kind == json_kind::natural)
        return "from 0 to " + std::to_string(~std::uint64_t{0} >> (64 - bits));
    const auto most = static_cast<std::int64_t>(~std::uint64_t{0} >> (65 - bits));
    return "from " + std::to_string(-most - 1) + " to " + std::to_string(most);
}

[[noreturn]] void fail_integer(const path& at, const json_shape& shape, std::string_view token,
                               number_read result) {
    const bool out_of_range = result == number_read::ok || result == number_read::too_large;
    fail_expected(at, out_of_range ? "an integer " + range(shape) : "an integer", token);
}

std::string_view trimmed(std::string_view s) {
    while (!s.empty() && is_space(s.back())) s.remove_suffix(1);
    return s;
}
/// The value's own text: simdjson gives all up to what comes next.
std::string_view token_of(ondemand::value& v) { return trimmed(v.raw_json_token()); }

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

/// One reader a thread: simdjson's index and the padded copy of the message are made once and grow.
class reader {
public:
    void read(bytes_view from, void* into, const json_shape& shape, const path& root);

private:
    void copy(std::string_view from);
    void value(ondemand::value& v, const json_shape& shape, void* into, const path& at);
    void object(ondemand::object& o, const json_record& record, void* into, const path& at);
    void array(ondemand::array& a, const json_shape& shape, void* into, const path& at);
    void bits(ondemand::array& a, std::vector<bool>& into, const path& at);
    void text(ondemand::value& v, std::string& into, const path& at);
    void real(ondemand::value& v, std::size_t size, void* into, const path& at);
    void integer(ondemand::value& v, const json_shape& shape, void* into, const path& at);
    void natural(ondemand::value& v, const json_shape& shape, void* into, const path& at);
    std::size_t find(ondemand::field& f, const json_record& record, std::size_t from);
    bool is(const char* key, std::string_view name) const;

    ondemand::parser parser_;
    std::unique_ptr<char[]> copy_;
    std::size_t capacity_ = 0;
    const char* end_ = nullptr;  // of what may be looked at: the message's copy and its padding
};

/// simdjson looks beyond the end, so the message must lie in a buffer of ours. Looking beyond the
/// end of the client's would save the copy, and is nothing a sanitizer, or the next page, forgives.
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

void reader::read(bytes_view from, void* into, const json_shape& shape, const path& root) {
    copy(from.view());
    const simdjson::padded_string_view padded{copy_.get(), from.size(),
                                              capacity_ + simdjson::SIMDJSON_PADDING};
    auto begun = parser_.iterate(padded);
    if (const auto e = begun.error()) fail_syntax(e);
    ondemand::document& document = in(begun);
    const auto check = [&](simdjson::error_code e, const char* expected) {
        if (e == simdjson::INCORRECT_TYPE) {
            std::string_view token = from.view();
            while (!token.empty() && is_space(token.front())) token.remove_prefix(1);
            while (!token.empty() && is_space(token.back())) token.remove_suffix(1);
            fail_expected(root, expected, token);
        }
        if (e) fail_syntax(e);
    };
    if (shape.kind == json_kind::object) {
        auto o = document.get_object();
        check(o.error(), "an object");
        object(in(o), *shape.record, into, root);
    } else {
        auto a = document.get_array();
        check(a.error(), "an array");
        array(in(a), shape, into, root);
    }
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS)
        throw decode_error{"not JSON: something follows the end of the value"};
}

bool reader::is(const char* key, std::string_view name) const {
    return static_cast<std::size_t>(end_ - key) > name.size() &&
           std::memcmp(key, name.data(), name.size()) == 0 && key[name.size()] == '"';
}

/// Which field this is. Writers keep an order, so the one after the last is asked first.
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

void reader::object(ondemand::object& o, const json_record& record, void* into, const path& at) {
    const auto place = [&](const json_field& f) {
        return static_cast<char*>(into) +
               (static_cast<const char*>(f.at) - static_cast<const char*>(record.base));
    };
    std::uint64_t seen = 0;
    std::size_t next = 0;
    for (auto item : o) {
        if (const auto e = item.error()) fail_syntax(e);
        ondemand::field& f = in(item);
        const auto i = find(f, record, next);
        if (i == record.count) continue;
        const json_field& wanted = record.fields[i];
        value(f.value(), *wanted.what, place(wanted), {&at, wanted.name});
        seen |= std::uint64_t{1} << i;
        next = i + 1;
    }
    if (record.count == 0 || seen == ~std::uint64_t{0} >> (64 - record.count)) return;
    for (std::size_t i = 0; i < record.count; ++i) {
        const json_field& missing = record.fields[i];
        if (seen >> i & 1) continue;
        if (record.required >> i & 1)
            fail({&at, missing.name}, "missing, and it is not a std::optional");
        missing.what->container->resize(place(missing), 0);
    }
}

void reader::array(ondemand::array& a, const json_shape& shape, void* into, const path& at) {
    if (shape.kind == json_kind::bits) return bits(a, *static_cast<std::vector<bool>*>(into), at);
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
    static constexpr json_shape one{json_kind::boolean, sizeof(bool)};
    into.clear();
    for (auto item : a) {
        if (const auto e = item.error()) fail_syntax(e);
        ondemand::value& v = in(item);
        bool b = false;
        value(v, one, &b, {&at, {}, into.size()});
        into.push_back(b);
    }
}

void reader::text(ondemand::value& v, std::string& into, const path& at) {
    const std::string_view token = token_of(v);
    if (token.size() < 2 || token.front() != '"' || token.back() != '"')
        fail_expected(at, "a string", token);
    const std::string_view inside = token.substr(1, token.size() - 2);
    if (!inside.empty() && std::memchr(inside.data(), '\\', inside.size())) {
        std::string_view plain;
        if (const auto e = v.get_string().get(plain)) fail_syntax(e);
        into.assign(plain);
    } else {
        ondemand::raw_json_string passed;
        if (const auto e = v.get_raw_json_string().get(passed)) fail_syntax(e);
        into.assign(inside);
    }
}

void reader::real(ondemand::value& v, std::size_t size, void* into, const path& at) {
    const auto read = [&](auto number, const char* holder) {
        const auto token = token_of(v);
        const auto result = read_real(token, number);
        if (result != number_read::ok)
            fail_expected(at, result == number_read::too_large ? holder : "a number", token);
        std::memcpy(into, &number, sizeof number);
    };
    // from the text: rounding twice may end beside the nearest one
    if (size == sizeof(float)) return read(float{}, "a number a float can hold");
    constexpr std::size_t exact = 19;  // as many digits as simdjson can count
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
        case json_kind::text: return text(v, *static_cast<std::string*>(into), at);
        case json_kind::real: return real(v, shape.size, into, at);
        case json_kind::boolean: {
            bool b = false;
            if (v.get_bool().get(b)) fail_expected(at, "a boolean", token_of(v));
            std::memcpy(into, &b, sizeof b);
            return;
        }
        case json_kind::integer: return integer(v, shape, into, at);
        case json_kind::natural: return natural(v, shape, into, at);
        case json_kind::optional: {
            bool null = false;
            if (v.raw_json_token().front() == 'n') {
                if (simdjson::simdjson_result<bool>(v.is_null()).get(null) || !null)
                    fail_syntax(simdjson::N_ATOM_ERROR);
            }
            void* inside = shape.container->resize(into, null ? 0 : 1);
            if (!null) value(v, *shape.element, inside, at);
            return;
        }
        case json_kind::object: {
            check_depth(at);
            auto o = v.get_object();
            if (o.error()) fail_expected(at, "an object", token_of(v));
            return object(in(o), *shape.record, into, at);
        }
        case json_kind::array:
        case json_kind::bits: {
            check_depth(at);
            auto a = v.get_array();
            if (a.error()) fail_expected(at, "an array", token_of(v));
            return array(in(a), shape, into, at);
        }
    }
}

}  // namespace

void read_json(bytes_view from, void* into, const json_shape& shape, std::string_view type) {
    static thread_local reader one;
    one.read(from, into, shape, {nullptr, type});
}

}  // namespace weir::detail
