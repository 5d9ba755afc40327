// SPDX-License-Identifier: Apache-2.0
// Writing JSON by the description of a type: into a buffer of the thread's, then at once to where
// it belongs.
#include <weir/codec/json.hpp>

#include <array>
#include <cmath>
#include <cstring>
#include <memory>

#include <fmt/compile.h>
#include <fmt/format.h>
#include <simdjson.h>

#include "path.hpp"

namespace weir::detail {
namespace {

enum : unsigned char { plain, escaped, beyond_ascii };

/// What each byte of a text asks for.
constexpr auto treatment = [] {
    std::array<unsigned char, 256> t{};
    for (std::size_t c = 0; c < 256; ++c)
        t[c] = c < 0x20 ? escaped : c < 0x80 ? plain : beyond_ascii;
    t['"'] = t['\\'] = escaped;
    return t;
}();

[[noreturn]] void fail(const path& at, const std::string& sentence) {
    throw encode_error{at.text() + ": " + sentence};
}

/// Writes past the end of nothing: `room` first, then any number of bytes up to that.
class writer {
public:
    void begin() { at_ = buffer_.get(); }
    std::string_view written() const {
        return {buffer_.get(), static_cast<std::size_t>(at_ - buffer_.get())};
    }
    void value(const void* from, const json_shape& shape, const path& at);

private:
    void room(std::size_t n) {
        if (static_cast<std::size_t>(end_ - at_) < n) grow(n);
    }
    void grow(std::size_t n);
    void raw(std::string_view s) {
        room(s.size());
        std::memcpy(at_, s.data(), s.size());
        at_ += s.size();
    }
    void raw(char c) {
        room(1);
        *at_++ = c;
    }
    void object(const void* from, const json_record& record, const path& at);
    void text(std::string_view s, const path& at);
    template <class Real>
    void real(const void* from, const path& at);
    template <class One, class Two, class Four, class Eight>
    void integer(const void* from, std::size_t size);

    std::unique_ptr<char[]> buffer_;
    char* at_ = nullptr;
    char* end_ = nullptr;
};

void writer::grow(std::size_t n) {
    const auto used = static_cast<std::size_t>(at_ - buffer_.get());
    const auto capacity = 2 * (static_cast<std::size_t>(end_ - buffer_.get()) + n) + 1024;
    std::unique_ptr<char[]> more{new char[capacity]};
    if (used) std::memcpy(more.get(), buffer_.get(), used);
    buffer_ = std::move(more);
    at_ = buffer_.get() + used;
    end_ = buffer_.get() + capacity;
}

char* escape(unsigned char c, char* to) {
    static constexpr char hex[] = "0123456789abcdef";
    *to++ = '\\';
    switch (c) {
        case '"': *to++ = '"'; break;
        case '\\': *to++ = '\\'; break;
        case '\n': *to++ = 'n'; break;
        case '\r': *to++ = 'r'; break;
        case '\t': *to++ = 't'; break;
        case '\b': *to++ = 'b'; break;
        case '\f': *to++ = 'f'; break;
        default:
            for (const char u : {'u', '0', '0', hex[c >> 4], hex[c & 15]}) *to++ = u;
    }
    return to;
}

void writer::text(std::string_view s, const path& at) {
    constexpr std::size_t piece =
        4096;  // at worst each byte is \u00XX: room for that, but not for megabytes of it
    unsigned met = 0;
    raw('"');
    for (std::size_t done = 0; done < s.size(); done += piece) {
        const auto part = s.substr(done, piece);
        room(6 * part.size());
        char* to = at_;
        for (const char c : part) {
            const auto how = treatment[static_cast<unsigned char>(c)];
            met |= how;
            if (how == escaped) to = escape(static_cast<unsigned char>(c), to);
            else *to++ = c;
        }
        at_ = to;
    }
    raw('"');
    if ((met & beyond_ascii) && !simdjson::validate_utf8(s.data(), s.size()))
        fail(at,
             "this text is not UTF-8, and JSON has no other: convert it, or send such bytes as "
             "they are, in a topic of weir::bytes");
}

template <class Real>
void writer::real(const void* from, const path& at) {
    Real r;
    std::memcpy(&r, from, sizeof r);
    if (!std::isfinite(r)) {
        const std::string what = std::isnan(r) ? "NaN" : r > 0 ? "infinity" : "-infinity";
        fail(at, "JSON has no " + what +
                     ": drop such values before they are sent, or make the field std::optional, "
                     "which is written as null where it is empty");
    }
    room(32);
    at_ = fmt::format_to(at_, FMT_COMPILE("{}"), r);
}

template <class One, class Two, class Four, class Eight>
void writer::integer(const void* from, std::size_t size) {
    const auto write = [&](auto i) {
        std::memcpy(&i, from, sizeof i);
        const fmt::format_int text{Eight{i}};
        raw({text.data(), text.size()});
    };
    switch (size) {
        case 1: return write(One{});
        case 2: return write(Two{});
        case 4: return write(Four{});
        default: return write(Eight{});
    }
}

void writer::object(const void* from, const json_record& record, const path& at) {
    char before = '{';
    for (std::size_t i = 0; i < record.count; ++i) {
        const json_field& f = record.fields[i];
        room(f.name.size() + 4);
        *at_++ = std::exchange(before, ',');
        *at_++ = '"';
        std::memcpy(at_, f.name.data(), f.name.size());  // an identifier: nothing in it to escape
        at_ += f.name.size();
        *at_++ = '"';
        *at_++ = ':';
        const auto offset = static_cast<const char*>(f.at) - static_cast<const char*>(record.base);
        value(static_cast<const char*>(from) + offset, *f.what, {&at, f.name});
    }
    if (record.count == 0) raw('{');
    raw('}');
}

void writer::value(const void* from, const json_shape& shape, const path& at) {
    switch (shape.kind) {
        case json_kind::text: return text(*static_cast<const std::string*>(from), at);
        case json_kind::real:
            return shape.size == sizeof(float) ? real<float>(from, at) : real<double>(from, at);
        case json_kind::boolean: return raw(*static_cast<const bool*>(from) ? "true" : "false");
        case json_kind::integer:
            return integer<std::int8_t, std::int16_t, std::int32_t, std::int64_t>(from, shape.size);
        case json_kind::natural:
            return integer<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>(from,
                                                                                      shape.size);
        case json_kind::object: return object(from, *shape.record, at);
        case json_kind::optional: {
            const auto inside = shape.container->view(from);
            return inside.count ? value(inside.first, *shape.element, at) : raw("null");
        }
        case json_kind::array: {
            const auto inside = shape.container->view(from);
            raw('[');
            for (std::size_t i = 0; i < inside.count; ++i) {
                if (i) raw(',');
                value(static_cast<const char*>(inside.first) + i * shape.element->size,
                      *shape.element, {&at, {}, i});
            }
            return raw(']');
        }
        case json_kind::bits: {
            raw('[');
            bool later = false;
            for (const bool b : *static_cast<const std::vector<bool>*>(from)) {
                if (std::exchange(later, true)) raw(',');
                raw(b ? "true" : "false");
            }
            return raw(']');
        }
    }
}

}  // namespace

void write_json(const void* value, const json_shape& shape, std::string_view type, bytes& onto) {
    static thread_local writer one;
    one.begin();
    one.value(value, shape, {nullptr, type});
    onto.append(one.written());
}

}  // namespace weir::detail
