// SPDX-License-Identifier: Apache-2.0
// What a changelog consists of. docs/internals/state.md describes the format.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/error.hpp>
#include <weir/message.hpp>
#include <weir/state/shard.hpp>

namespace weir::detail {

/// A record of a changelog that weir does not read. The sentence begins behind the record's place:
/// "was not written by weir: …".
struct refused_record : error {
    using error::error;
};

/// Who writes a partition of a changelog. The record is written when the partition is assigned,
/// before its input is read. What an owner of a lower epoch writes behind it is ignored.
struct changelog_owner {
    std::string app, table, key_type, value_type;
    std::string changelog;  // made once, with the first record of the partition
    std::string owner;      // one assignment
    std::string windows{};  // that fill the table; empty: none do
    std::int64_t epoch = 0;

    std::string text() const;
    /// Throws refused_record if it is not one, or of another version.
    static changelog_owner of(bytes_view);
};

/// Which cut a record belongs to, and who wrote it: "3.8f21a07c orders=1042 payments=7". The mark
/// of a table that windows fill has the stream time as of the cut, too, and the ends of the windows
/// that have closed: " @time=1700000015000 @closed=1700000010000".
struct cut_stamp {
    std::int64_t epoch = 0;
    std::string owner;
    cut at;
    timestamp time = no_time, closed = no_time;
    timestamp alarm = no_time;  // of a decision: which timers of the app's clock are due

    /// An input whose name is empty is left out.
    std::string text(const std::vector<std::string>& inputs) const;
    /// Inputs that are not named have offset 0; others are left out. Throws refused_record.
    static cut_stamp of(std::string_view, const std::vector<std::string>& inputs);
};

// Headers. Every record has a stamp, except the owner's.
inline constexpr const char* stamp_header = "weir.cut";
inline constexpr const char* erased_header = "weir.erased";
// Of a row of a table with .ttl: the stream time when it was changed last, if that is not the
// record's timestamp.
inline constexpr const char* changed_header = "weir.changed";

// Keys. A row's key must not be one of them.
inline constexpr std::string_view owner_key{"\0weir.owner", 11};
inline constexpr std::string_view mark_key{"\0weir.mark", 10};
inline constexpr std::string_view clock_key{"\0weir.clock", 11};
inline bool is_bookkeeping(bytes_view key) {
    return key.view() == owner_key || key.view() == mark_key || key.view() == clock_key;
}

/// In a stamp, the number of what the clock decides next. No topic has such a name.
inline constexpr const char* clock_name = "@clock";

/// Takes the text up to `end`, and the end itself.
std::string_view take_text(std::string_view& from, char end);
/// Nothing: the text is no number, or more than one.
std::optional<std::int64_t> number_in(std::string_view);

/// What refuses a record without a stamp.
std::string not_by_weir();

/// A new name for an owner or a changelog: 16 hexadecimal digits.
std::string random_name();

}  // namespace weir::detail
