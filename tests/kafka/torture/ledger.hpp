// SPDX-License-Identifier: Apache-2.0
// What went in is compared with what came out, with what the group has committed, and with what was
// done to its processes meanwhile. Nothing here knows weir, and nothing asks a broker: ledger tests
// write their evidence by hand.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "changelog.hpp"
#include "group_log.hpp"

namespace tests::torture {

/// Texts that occur often, by number. 0 is the empty one.
class texts {
public:
    texts() { of(""); }
    std::uint32_t of(std::string_view);
    const std::string& at(std::uint32_t i) const { return all_[i]; }
    std::size_t size() const { return all_.size(); }

private:
    std::deque<std::string> all_;
    std::unordered_map<std::string_view, std::uint32_t> known_;
};

/// One id in a message. A message with a batch of several is several entries.
struct entry {
    std::int64_t id = 0;
    int partition = 0;
    std::int64_t offset = 0;
    milliseconds time = 0;      // when the broker appended it
    std::uint32_t key = 0;      // the message's
    std::uint32_t field = 0;    // what group_by takes for the key
    std::uint32_t made_by = 0;  // the processes that it has passed: "w1.0>w2.3"
    std::int64_t match = -1;    // the id of what it is joined with
};

struct topic_log {
    std::vector<entry> entries{};      // by partition and offset
    std::vector<std::int64_t> ends{};  // of each partition
};

/// What the key of a result must be.
enum class keyed { as_source, by_field, not_at_all };
/// Which results of one process stay in the order of their sources.
enum class kept { order_of_partition, order_of_key, no_order };

/// Messages of one topic become messages of another.
struct hop {
    std::string from, to;
    keyed key = keyed::as_source;
    kept order = kept::order_of_partition;
    bool exactly_once = false;  // what is promised; else at least once
};

/// What a table counts of the topics that it reads: a crashed sender's copies, too, or ids.
enum class counts { messages, ids };

struct table {
    std::string name, changelog;
    std::vector<std::string> reads;
    counts what = counts::messages;
};

/// Each result has the row that the table had. Its hop says the rest.
struct table_join {
    std::string stream, rows, to;
};

/// A left message at t has the right ones of its key in [t - before, t + after], by what the broker
/// says of their times. `alone`: where it has none it is passed on without, when a message of
/// either side is later than t + after + grace.
struct stream_join {
    std::string left, right, to;
    milliseconds before = 0, after = 0, grace = 0;
    bool alone = false;
};

struct fault {
    std::string who;   // "w1.0" or "the broker"
    std::string what;  // "was killed"
    milliseconds from = 0, to = 0;
};

struct evidence {
    milliseconds began = 0;
    std::string prefix{};  // of topics, left out where the ledger names them
    std::vector<hop> hops{};
    std::vector<table> tables{};
    std::vector<table_join> table_joins{};
    std::vector<stream_join> stream_joins{};
    texts names{};
    std::map<std::string, topic_log> topics{};
    std::map<std::string, folded> changelogs{};
    std::vector<group_event> group{};
    std::vector<fault> faults{};

    /// Adds what a message of a topic says; finish() puts all entries in order.
    void add(const std::string& topic, const record&);
    void finish();
};

struct fact {
    bool holds = true;
    std::string says;
    std::vector<std::string> details{};
};

std::vector<fact> check(const evidence&);

}  // namespace tests::torture
