// SPDX-License-Identifier: Apache-2.0
// Bytes, which can be null as in Kafka; headers; and a message as a broker delivers it.
#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/fwd.hpp>

namespace weir {

/// A view of bytes. A null view is not the same as an empty one.
class bytes_view {
public:
    constexpr bytes_view() = default;  // null
    constexpr bytes_view(const char* data, std::size_t size)
        : data_(data ? data : ""), size_(size) {}
    constexpr bytes_view(std::string_view s) : bytes_view(s.data(), s.size()) {}
    constexpr bytes_view(const char* s) : bytes_view(std::string_view{s}) {}
    bytes_view(const std::string& s) : bytes_view(s.data(), s.size()) {}

    constexpr const char* data() const { return data_; }
    constexpr std::size_t size() const { return size_; }
    constexpr std::string_view view() const {
        return data_ ? std::string_view{data_, size_} : std::string_view{};
    }
    constexpr bool is_null() const { return data_ == nullptr; }

    friend constexpr bool operator==(bytes_view a, bytes_view b) {
        return a.is_null() == b.is_null() && a.view() == b.view();
    }

private:
    const char* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Owns its bytes. Null until something is assigned or appended, even if it is empty.
class bytes {
public:
    bytes() = default;  // null
    bytes(bytes_view v) : data_(v.view()), null_(v.is_null()) {}
    bytes(std::string s) : data_(std::move(s)), null_(false) {}
    bytes(std::string_view s) : data_(s), null_(false) {}
    bytes(const char* s) : data_(s), null_(false) {}

    const char* data() const { return null_ ? nullptr : data_.data(); }
    std::size_t size() const { return data_.size(); }
    std::string_view view() const { return data_; }
    bool is_null() const { return null_; }
    operator bytes_view() const {
        return null_ ? bytes_view{} : bytes_view{data_.data(), data_.size()};
    }

    /// Appends. Null bytes become empty ones first, so `append("")` makes them not null.
    void append(std::string_view s) {
        data_.append(s);
        null_ = false;
    }
    void push_back(char c) {
        data_.push_back(c);
        null_ = false;
    }
    /// For encoders that write into a string; makes null bytes empty ones.
    std::string& buffer() {
        null_ = false;
        return data_;
    }
    /// Null again; the capacity is kept.
    void reset() {
        data_.clear();
        null_ = true;
    }
    void assign(bytes_view v) {
        data_.assign(v.view());
        null_ = v.is_null();
    }

    friend bool operator==(const bytes& a, const bytes& b) {
        return bytes_view{a} == bytes_view{b};
    }

private:
    std::string data_;
    bool null_ = true;
};

struct header {
    std::string name;
    std::optional<bytes> value{};
    friend bool operator==(const header&, const header&) = default;
};
/// In the order in which they were written. A name may occur more than once.
using headers = std::vector<header>;

/// One message as a broker delivers it: a view into its `fetch`.
struct message {
    bytes_view key{};
    bytes_view value{};
    weir::offset offset = 0;
    weir::timestamp timestamp{};
};

/// What one read of a partition brought: messages with growing offsets. Their bytes live as long as
/// this object, even after the partition is gone.
class fetch {
public:
    virtual ~fetch() = default;
    std::span<const message> messages() const { return messages_; }
    /// Headers are rarely read, so they are made only when this is called.
    virtual weir::headers headers(std::size_t i) const = 0;
    /// One header of the i-th message, the last of this name; none: it has no such header. A view
    /// into this object: nothing is copied.
    virtual std::optional<bytes_view> header_of(std::size_t i, std::string_view name) const = 0;

protected:
    std::span<const message> messages_;
};

struct topic_partition {
    std::string topic;
    partition_id partition = 0;
    friend auto operator<=>(const topic_partition&, const topic_partition&) = default;
};

}  // namespace weir

// Compiled once in the library: at -O0 every file would pay for it.
extern template class std::vector<weir::header>;
