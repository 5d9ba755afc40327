// SPDX-License-Identifier: Apache-2.0
// The global tables of a run: all partitions of their topics, read without the group.
#pragma once
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/state/shard.hpp>
#include <weir/transport/transport.hpp>

#include "shard_group.hpp"

namespace weir::detail {

/// Made for one run, used on the loop's thread. Each table has one shard for all partitions. It is
/// shown when everything has been read that was in the topic when the run began; until then no
/// partition of the app is read. From then on what comes is read in every turn.
class global_tables {
public:
    explicit global_tables(transport::transport& t) : transport_(t) {}

    /// Before anything is read. The number of the topic's partitions is known.
    /// `skips_undecodable`: a record that does not decode is passed over, with a line of the log.
    void use(table_info&, bool skips_undecodable);
    bool any() const { return !all_.empty(); }
    /// The run is over: what they have can still be read.
    void clear();
    /// Whether all of them are shown.
    bool restored() const { return restoring_ == 0; }
    /// Reads on, a piece of each partition. True if there was anything. Throws weir::error at a
    /// record that does not decode.
    bool read();
    /// A sentence: why no partition is read yet. Empty: all tables are restored.
    std::string why_not_restored() const;
    std::size_t keys() const;
    /// `f(table, shard)` for each.
    template <class F>
    void each(F f) const {
        for (auto& t : all_) f(*t.info, *t.rows);
    }
    /// How many partitions are not restored.
    std::size_t restoring_count() const { return restoring_; }
    shard_group::records to_restore() const;
    /// What has begun to be restored since the last call, and what is done.
    std::vector<shard_group::news> take_news() { return std::exchange(news_, {}); }
    std::vector<std::string> take_lines() { return std::exchange(lines_, {}); }

private:
    struct part {
        partition_id number;
        std::unique_ptr<transport::partition> reader;
        std::unique_ptr<fetch> fetched{};
        std::optional<offset> from{};  // where the log begins
        bool restored = false;
    };
    struct table {
        table_info* info;
        std::shared_ptr<shard> rows;
        bool skips_undecodable;
        std::vector<part> parts{};
        std::size_t restoring = 0;  // how many parts are not restored
    };

    bool read(table&, part&);
    bool read_some(table&, part&);
    void refuse(const table&, const part&, offset, const std::exception&);
    static shard_group::records to_restore(const table&);

    transport::transport& transport_;
    std::vector<table> all_;
    std::size_t restoring_ = 0;
    std::vector<shard_group::news> news_;
    std::vector<std::string> lines_;
};

}  // namespace weir::detail
