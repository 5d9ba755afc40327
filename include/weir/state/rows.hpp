// SPDX-License-Identifier: Apache-2.0
// Keys and values in memory. A row never moves; an index of 8-byte cells finds it.
#pragma once
#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/codec/codec.hpp>
#include <weir/fwd.hpp>
#include <weir/state/heap_bytes.hpp>
#include <weir/windowed.hpp>

namespace weir::detail {

/// Whether std::hash and == tell the same keys apart as their bytes do. 0.0 and -0.0 are equal and
/// have different bytes; a struct has neither hash nor ==. Such keys are compared by their bytes.
template <class K>
inline constexpr bool is_hashed_directly =
    std::is_integral_v<K> || std::is_enum_v<K> || std::is_same_v<K, std::string> || is_raw<K>;

template <class K>
inline constexpr bool is_hashed_directly<windowed<K>> = is_hashed_directly<K>;

/// Every bit of the result depends on every bit of `h`.
inline std::uint64_t mix(std::uint64_t h) {
    h ^= h >> 32;
    h *= 0x9e3779b97f4a7c15u;
    h ^= h >> 29;
    h *= 0xbf58476d1ce4e5b9u;
    return h ^ h >> 32;
}
inline std::uint64_t hash_of(std::string_view bytes) {
    return mix(std::hash<std::string_view>{}(bytes));
}
/// Of a key that is_hashed_directly.
template <class K>
std::uint64_t hash_directly(const K& key) {
    if constexpr (std::is_integral_v<K> || std::is_enum_v<K>)
        return mix(static_cast<std::uint64_t>(key));
    else if constexpr (is_raw<K>) return hash_of(key.view());
    else return hash_of(std::string_view{key});
}
inline std::uint64_t hash_of_window(std::uint64_t key, timestamp start, timestamp end) {
    return mix(key + static_cast<std::uint64_t>(start.time_since_epoch().count()) * 3 +
               static_cast<std::uint64_t>(end.time_since_epoch().count()));
}
template <class K>
std::uint64_t hash_directly(const windowed<K>& key) {
    return hash_of_window(hash_directly(key.key), key.start, key.end);
}

/// Memory for rows, in huge pages if the system has some. Throws std::bad_alloc.
void* allocate_rows(std::size_t bytes, bool huge);
void free_rows(void*) noexcept;

/// The numbers of rows, by hash. There are 256 indexes, chosen by the top bits of the hash, so that
/// growing one of them takes less than a millisecond. A cell is the upper half of the hash and the
/// number plus one; the place of a cell follows from that half alone, so growing looks at no row.
class row_index {
public:
    /// `is(number)` says whether that row has the key.
    template <class Is>
    std::uint32_t find(std::uint64_t hash, Is is) const {
        const auto& in = parts_[hash >> 56];
        if (in.cells.empty()) return none;
        const auto half = hash >> 32;
        const auto mask = in.cells.size() - 1;
        for (auto at = half & mask;; at = (at + 1) & mask) {
            const auto cell = in.cells[at];
            if (cell == 0) return none;
            if (cell >> 32 != half) continue;
            if (const auto number = number_of(cell); is(number)) return number;
        }
    }
    /// The cell's place comes into the cache. (Inlined, like everything that prefetches: g++ takes
    /// such a function for one that does nothing, and leaves out calls of it.)
    [[gnu::always_inline]] void prefetch(std::uint64_t hash) const {
        const auto& in = parts_[hash >> 56];
        if (!in.cells.empty()) __builtin_prefetch(&in.cells[hash >> 32 & (in.cells.size() - 1)]);
    }
    /// The first row that a look for this hash would compare; `none` if there is none.
    std::uint32_t first(std::uint64_t hash) const {
        return find(hash, [](std::uint32_t) { return true; });
    }
    void insert(std::uint64_t hash, std::uint32_t number);
    void erase(std::uint64_t hash, std::uint32_t number);
    std::size_t bytes() const { return sizeof *this + cells_ * sizeof(std::uint64_t); }

    static constexpr std::uint32_t none = 0xffffffffu;

private:
    struct part {
        std::vector<std::uint64_t> cells{};  // empty, or a power of two
        std::size_t used = 0;
    };
    static std::uint32_t number_of(std::uint64_t cell) {
        return static_cast<std::uint32_t>(cell) - 1;
    }
    static void place(std::vector<std::uint64_t>&, std::uint64_t cell);

    std::array<part, 256> parts_{};
    std::size_t cells_ = 0;  // of all parts
};

/// What keys and values of a row have allocated, in blocks of `block_unit` bytes. Rows that
/// allocate nothing have no room for it.
struct no_blocks {};
template <class K, class V>
inline constexpr bool have_blocks = !has_no_heap<K> || !has_no_heap<V>;
template <class K, class V>
using blocks_of = std::conditional_t<have_blocks<K, V>, std::uint32_t, no_blocks>;

/// One key of a table, in one partition.
template <class K, class V>
struct row {
    K key{};
    V value{};
    weir::timestamp time{};     // the largest of the messages that made the value
    weir::timestamp changed{};  // with a ttl: the stream time at its last change
    std::uint32_t as_of = 0;    // see shard_of
    bool live = false;          // it has a value; else it was erased, or never had one
    bool dirty = false;         // changed since the last cut was begun
    bool stored = false;        // the changelog has something of it
    bool merged : 1 = false;    // see panes
    bool closed : 1 = false;    // it was erased since its window has closed
    bool doomed : 1 = false;    // a cut says that it is erased; a tombstone is to follow
    bool told : 1 = false;      // see shard_of::tell
    bool in_wheel : 1 = false;  // see expiry; of its place, and not of its key
    // of a table on disk
    bool on_disk : 1 = false;                        // the disk has the key
    bool same_on_disk : 1 = false;                   // with this value
    mutable bool used : 1 = false;                   // since the clock's hand has passed
    [[no_unique_address]] blocks_of<K, V> blocks{};  // as they were counted last
};

/// The rows of one shard. Used on the loop's thread. Invariants: a row stays where it is until it
/// is erased; a look at a key that is there allocates nothing.
template <class K, class V>
class rows {
public:
    using row_type = row<K, V>;

    rows() = default;
    rows(const rows&) = delete;
    rows& operator=(const rows&) = delete;
    ~rows() {
        for (std::uint32_t n = 0; n < made_; ++n) at(n).~row_type();
        for (auto* b : blocks_) free_rows(b);
    }

    row_type* find(const K& key) {
        const auto n = number_of(key, hash(key));
        return n == row_index::none ? nullptr : &at(n);
    }
    const row_type* find(const K& key) const { return const_cast<rows&>(*this).find(key); }
    /// The row of that key. Makes one without a value if there is none.
    row_type& of(const K& key) {
        return of(key, [](row_type&) {});
    }
    /// The same. `made(row)` is called for a new one.
    template <class Made>
    row_type& of(const K& key, Made made) {
        const auto h = hash(key);
        if (const auto n = number_of(key, h); n != row_index::none) return at(n);
        const auto n = new_row();
        auto& r = at(n);
        r.key = key;
        index_.insert(h, n);
        ++size_;
        made(r);
        return r;
    }
    /// Nothing may point at the row any more.
    void erase(row_type& r) {
        const auto h = hash(r.key);
        const auto n = number_of(r.key, h);
        assert(n != row_index::none && &at(n) == &r);
        index_.erase(h, n);
        const bool in_wheel = r.in_wheel;
        r = row_type{};
        r.in_wheel = in_wheel;
        free_.push_back(n);
        --size_;
    }
    /// For a key that is looked up, or made, soon.
    [[gnu::always_inline]] void prefetch(const K& key) const {
        if constexpr (is_hashed_directly<K>) index_.prefetch(hash(key));
    }
    /// For keys that are looked up soon: `later` next but one, `next` next.
    [[gnu::always_inline]] void prefetch(const K& later, const K& next) const {
        if constexpr (is_hashed_directly<K>) {
            index_.prefetch(hash(later));
            const auto n = index_.first(hash(next));
            if (n != row_index::none) __builtin_prefetch(&at(n));
        }
    }
    /// The same for windows: those of `later` and `next` that are at the same time.
    template <class Key>
    [[gnu::always_inline]] void prefetch_window(const Key& later, const Key& next, timestamp start,
                                                timestamp end) const {
        if constexpr (is_hashed_directly<K>) {
            index_.prefetch(hash_of_window(hash_directly(later), start, end));
            const auto n = index_.first(hash_of_window(hash_directly(next), start, end));
            if (n != row_index::none) __builtin_prefetch(&at(n));
        }
    }
    /// Each row, in the order in which they were made. `f` may change rows and make new ones.
    template <class F>
    void each(F f) {
        for (std::uint32_t n = 0; n < made_; ++n) f(at(n));
    }
    template <class F>
    void each(F f) const {
        for (std::uint32_t n = 0; n < made_; ++n) f(std::as_const(at(n)));
    }
    /// Rows have the numbers from 0 on, in the order in which they were made.
    std::uint32_t numbers() const { return made_; }
    const row_type& at_number(std::uint32_t n) const { return at(n); }
    row_type& at_number(std::uint32_t n) { return at(n); }
    std::size_t size() const { return size_; }
    /// What rows and index take, without what keys and values have allocated. Places of erased rows
    /// are used again, and do not count.
    std::size_t bytes() const { return index_.bytes() + size_ * sizeof(row_type); }

private:
    static constexpr std::size_t block_bytes = std::size_t{2} << 20;
    static constexpr std::size_t per_block = std::bit_floor(
        std::size_t{sizeof(row_type) < block_bytes ? block_bytes / sizeof(row_type) : 1});

    std::uint64_t hash(const K& key) const {
        if constexpr (!is_hashed_directly<K>) return hash_of(encoded(key, looked_for_));
        else return hash_directly(key);
    }
    static std::string_view encoded(const K& key, weir::bytes& into) {
        into.reset();
        encode_onto<K>(key, into);
        return into.view();
    }
    /// `hash` was called with this key before.
    std::uint32_t number_of(const K& key, std::uint64_t h) const {
        return index_.find(h, [&](std::uint32_t n) {
            if constexpr (is_hashed_directly<K>) return at(n).key == key;
            else return encoded(at(n).key, compared_) == looked_for_.view();
        });
    }
    std::uint32_t new_row() {
        if (!free_.empty()) {
            const auto n = free_.back();
            free_.pop_back();
            return n;
        }
        if (made_ == row_index::none - 1) throw std::bad_alloc{};
        if (made_ % per_block == 0) {
            // the first block stays in small pages: a small table would waste a huge one
            blocks_.reserve(blocks_.size() + 1);  // before allocating: push_back may throw
            blocks_.push_back(static_cast<row_type*>(
                allocate_rows(per_block * sizeof(row_type), !blocks_.empty())));
        }
        new (blocks_.back() + made_ % per_block) row_type{};
        return made_++;
    }
    row_type& at(std::uint32_t n) const { return blocks_[n / per_block][n % per_block]; }

    row_index index_;
    std::vector<row_type*> blocks_;
    std::vector<std::uint32_t> free_;
    std::uint32_t made_ = 0;
    std::size_t size_ = 0;
    mutable weir::bytes looked_for_{}, compared_{};  // keys that are compared by their bytes
};

}  // namespace weir::detail
