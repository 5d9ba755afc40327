// SPDX-License-Identifier: Apache-2.0
// Writes JSON by the description of a type: first into a buffer of the thread, then in one piece to
// where it belongs.
#include <weir/codec/json.hpp>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <new>

#include <fmt/compile.h>
#include <fmt/format.h>
#include <simdjson.h>

#include "json_text.hpp"
#include "json_time.hpp"
#include "path.hpp"

namespace weir::detail {
namespace {

enum : unsigned char { plain, escaped, beyond_ascii };

/// How each byte of a string is written.
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

/// A buffer that is written to without checks: call `room` first, then write up to so many bytes.
class writer {
public:
    std::size_t size() const { return static_cast<std::size_t>(at_ - buffer_.get()); }
    std::string_view written(std::size_t from) const {
        return {buffer_.get() + from, size() - from};
    }
    void cut(std::size_t size) { at_ = buffer_.get() + size; }
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
    void map(const void* from, const json_shape& shape, const path& at);
    void fixed(const void* from, const json_shape& shape, const path& at);
    void array(const void* from, const json_shape& shape, const path& at);
    void bits(const std::vector<bool>& from);
    void variant(const void* from, const json_shape& shape, const path& at);
    void own(const void* from, const json_shape& shape, const path& at);
    void own_bytes(std::string_view written, bool as_text, const path& at);
    void enumerator(const void* from, const json_shape& shape, const path& at);
    void time(const void* from, const json_shape& shape, const path& at);
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
        4096;  // a piece may grow sixfold, as \u00XX; small pieces keep the buffer small
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
        fail(at, "this text is not UTF-8, and JSON has no other: convert it, or send such bytes as "
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

void check_depth(const path& at) {
    if (at.depth > deepest)
        fail(at, "nested too deep: no more than " + std::to_string(deepest) +
                     " levels would be read again");
}

void writer::object(const void* from, const json_record& record, const path& at) {
    check_depth(at);
    char before = '{';
    for (std::size_t i = 0; i < record.count; ++i) {
        const json_field& f = record.fields[i];
        const auto offset = static_cast<const char*>(f.at) - static_cast<const char*>(record.base);
        const char* field = static_cast<const char*>(from) + offset;
        if (record.omit_empty && f.what->kind == json_kind::optional &&
            f.what->container->view(field).count == 0)
            continue;
        room(f.name.size() + 4);
        *at_++ = std::exchange(before, ',');
        *at_++ = '"';
        std::memcpy(at_, f.name.data(), f.name.size());  // a name needs no escapes
        at_ += f.name.size();
        *at_++ = '"';
        *at_++ = ':';
        value(field, *f.what, {&at, f.name});
    }
    if (before == '{') raw('{');
    raw('}');
}

void writer::map(const void* from, const json_shape& shape, const path& at) {
    check_depth(at);
    struct entries {
        writer& to;
        const json_shape& what;
        const path& at;
        char before = '{';
    } all{*this, *shape.element, at};
    shape.map->each(from, &all, [](void* to, std::string_view key, const void* entry) {
        auto& into = *static_cast<entries*>(to);
        const path here{&into.at, key, 0, true};
        into.to.raw(std::exchange(into.before, ','));
        into.to.text(key, here);
        into.to.raw(':');
        into.to.value(entry, into.what, here);
    });
    if (all.before == '{') raw('{');
    raw('}');
}

void writer::array(const void* from, const json_shape& shape, const path& at) {
    check_depth(at);
    const auto inside = shape.container->view(from);
    raw('[');
    for (std::size_t i = 0; i < inside.count; ++i) {
        if (i) raw(',');
        value(static_cast<const char*>(inside.first) + i * shape.element->size, *shape.element,
              {&at, {}, i});
    }
    raw(']');
}

void writer::fixed(const void* from, const json_shape& shape, const path& at) {
    check_depth(at);
    const std::size_t count = shape.tuple ? shape.tuple->count : shape.count;
    raw('[');
    for (std::size_t i = 0; i < count; ++i) {
        if (i) raw(',');
        const path here{&at, {}, i};
        if (shape.tuple) {
            value(shape.tuple->at(const_cast<void*>(from), i), *shape.tuple->shapes[i], here);
        } else {
            value(static_cast<const char*>(from) + i * shape.element->size, *shape.element, here);
        }
    }
    raw(']');
}

void writer::bits(const std::vector<bool>& from) {
    raw('[');
    bool later = false;
    for (const bool b : from) {
        if (std::exchange(later, true)) raw(',');
        raw(b ? "true" : "false");
    }
    raw(']');
}

void writer::variant(const void* from, const json_shape& shape, const path& at) {
    const auto i = shape.variant->index(from);
    if (i >= shape.variant->count) fail(at, "a std::variant that lost its value in an exception");
    value(shape.variant->at(const_cast<void*>(from), i), *shape.variant->shapes[i], at);
}

void writer::own(const void* from, const json_shape& shape, const path& at) {
    bytes written;
    try {
        shape.own->encode(from, written);
    } catch (const std::bad_alloc&) { throw; } catch (const std::exception& e) {
        fail(at, e.what());
    }
    own_bytes(written.view(), shape.own->text, at);
}

void writer::own_bytes(std::string_view written, bool as_text, const path& at) {
    if (as_text) return text(written, at);
    if (!is_json(written) || !simdjson::validate_utf8(written.data(), written.size()))
        fail(at, "this is not JSON: `" + shown(written) +
                     "`; a codec whose bytes are text says `static constexpr bool json_text = "
                     "true;`");
    raw(written);
}

void writer::enumerator(const void* from, const json_shape& shape, const path& at) {
    std::uint64_t value = 0;
    std::memcpy(&value, from, shape.size);
    if constexpr (std::endian::native == std::endian::big) value >>= 64 - 8 * shape.size;
    const auto& names = *shape.names;
    for (std::size_t i = 0; i < names.count; ++i)
        if (names.list[i].value == value) return text(names.list[i].name, at);
    fail(at, "no enumerator with a name has the value " + std::to_string(value) +
                 ": give it one in the enumeration's weir::json_rules");
}

void writer::time(const void* from, const json_shape& shape, const path& at) {
    std::int64_t ticks = 0;
    if (shape.size == sizeof ticks) {
        std::memcpy(&ticks, from, sizeof ticks);
    } else {
        std::int32_t narrow = 0;
        std::memcpy(&narrow, from, sizeof narrow);
        ticks = narrow;
    }
    room(longest_time + 2);
    const auto n = write_time(ticks, *shape.tick, at_ + 1);
    if (n == 0) fail(at, "a time whose year has not four digits");
    *at_ = at_[n + 1] = '"';
    at_ += n + 2;
}

void writer::value(const void* from, const json_shape& shape, const path& at) {
    switch (shape.kind) {
        case json_kind::text: return text(*static_cast<const std::string*>(from), at);
        case json_kind::view: return text(*static_cast<const std::string_view*>(from), at);
        case json_kind::raw:
            return own_bytes(static_cast<const raw_json*>(from)->text(), false, at);
        case json_kind::real:
            return shape.size == sizeof(float) ? real<float>(from, at) : real<double>(from, at);
        case json_kind::boolean: return raw(*static_cast<const bool*>(from) ? "true" : "false");
        case json_kind::integer:
            return integer<std::int8_t, std::int16_t, std::int32_t, std::int64_t>(from, shape.size);
        case json_kind::natural:
            return integer<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>(from,
                                                                                      shape.size);
        case json_kind::enumerator: return enumerator(from, shape, at);
        case json_kind::time: return time(from, shape, at);
        case json_kind::own: return own(from, shape, at);
        case json_kind::variant: return variant(from, shape, at);
        case json_kind::null: return raw("null");
        case json_kind::object: return object(from, *shape.record, at);
        case json_kind::map: return map(from, shape, at);
        case json_kind::optional: {
            const auto inside = shape.container->view(from);
            return inside.count ? value(inside.first, *shape.element, at) : raw("null");
        }
        case json_kind::array: return array(from, shape, at);
        case json_kind::fixed:
        case json_kind::tuple: return fixed(from, shape, at);
        case json_kind::bits: return bits(*static_cast<const std::vector<bool>*>(from));
        case json_kind::none: return;
    }
}

}  // namespace

void write_json(const void* value, const json_shape& shape, std::string_view type, bytes& onto) {
    static thread_local writer one;
    // A user's codec may write JSON inside JSON. Then this piece begins behind what is there.
    struct piece {
        std::size_t from = one.size();
        ~piece() { one.cut(from); }
    } mine;
    one.value(value, shape, {nullptr, type});
    onto.append(one.written(mine.from));
}

}  // namespace weir::detail
