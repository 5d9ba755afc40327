// SPDX-License-Identifier: Apache-2.0
// What an app tells about itself: one virtual function an occurrence, all with empty bodies.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/message.hpp>

namespace weir {

/// A message that its policy gave up; counted once.
struct error_report {
    std::string seam;  // "decode", "process" or "produce"
    std::string agent;
    std::string topic;
    partition_id partition = 0;
    weir::offset offset = 0;
    std::string text;
};

/// How far a partition was read and committed, and how much of it is held.
struct partition_status {
    std::string topic;
    partition_id partition = 0;
    std::optional<offset> committed;  // by this run
    std::size_t held = 0;             // messages that somebody holds: a boundary, a send, the user
    offset read = 0;                  // the next one that will be read
    // messages that are not done with, read or not; none where the broker does not tell
    std::optional<weir::offset> lag{};
    duration age{};                   // how long the oldest that was read has kept commits back
};

/// What an app has done since it was made; the last four say what is now. Rates are for who asks
/// twice. Kept at no cost a message but that of what is sent.
struct counters {
    /// What was done with what failed. A message, a batch or a send counts once, when its policy
    /// gives it up.
    struct failures {
        std::uint64_t stopped = 0, skipped = 0, dead_lettered = 0;
        std::uint64_t retries = 0;  // attempts that were made again
    };
    std::uint64_t messages = 0, batches = 0, largest_batch = 0;  // read; a batch is one read's
    std::uint64_t sent = 0, delivered = 0;
    failures decode{}, process{}, produce{};
    std::uint64_t dead_letters = 0;  // messages; of one batch there are many
    std::uint64_t commits = 0, failed_commits = 0;
    std::uint64_t assigned = 0, revoked = 0, lost = 0;  // partitions
    std::uint64_t stale_holds = 0;   // let go when their partition was somebody else's already
    std::size_t partitions = 0;      // now: those of ours
    std::size_t held = 0;            // now: messages that somebody holds
    weir::offset lag = 0;            // now: messages that are not done with
    duration oldest{};               // now: how long a message has kept commits back, at most
    /// In one line: "read 40 in 3 batches (largest 20), sent 12, …".
    std::string text() const;
};

/// What holds a partition's commit back: the oldest message that is not done with.
struct blocked {
    std::string topic;
    partition_id partition = 0;
    weir::offset offset = -1;  // -1: there is none, nothing of the partition has been read
    std::string agent;         // empty where it is no agent's doing, or that is not known
    std::string op;            // as drawn in the graph: "take(100, 10 s)"; or a whole chain of them
    weir::timestamp since{};   // by the app's clock: since when no commit could pass it
    std::string why;
};

/// Called on the loop's thread; what is thrown in here stops the app.
class hooks {
public:
    virtual ~hooks() = default;
    /// A line of the log, without its end. The default log writes to standard error; with hooks,
    /// they get it instead.
    virtual void log(std::string_view /*line*/) {}
    virtual void failed(const error_report&) {}
    virtual void assigned(const topic_partition&) {}
    virtual void revoked(const topic_partition&, bool /*lost*/) {}
    virtual void committed(const topic_partition&, offset) {}
    virtual void commit_failed(std::string_view /*why*/) {}
    /// A batch has been read.
    virtual void read(const topic_partition&, std::size_t /*messages*/) {}
    /// It has failed, and will be tried again.
    virtual void retried(const error_report&) {}
    /// A dead letter is on its way to this topic; `failed` has been called before.
    virtual void dead_letter(const error_report&, std::string_view /*topic*/) {}
};

}  // namespace weir
