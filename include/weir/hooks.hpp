// SPDX-License-Identifier: Apache-2.0
// What an app reports: a virtual function for each kind of occurrence, with an empty body.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/message.hpp>

namespace weir {

/// A failure that its policy gave up on. Reported once.
struct error_report {
    std::string seam;   // "decode", "process", "produce", "task" or "timer"
    std::string agent;  // empty if bytes did not decode, and for tasks and timers
    std::string topic;  // of a failed send: where it was sent to; empty for tasks and timers
    partition_id partition = 0;  // -1 of a failed send, and where there is no message
    weir::offset offset = 0;     // the same
    std::string text;            // what the exception said, or why the send failed
    // of a topic that group_by has made: "made of topic 'orders' by group_by account"
    std::string made_of{};
};

/// How far a partition was read and committed, and how much of it is held.
struct partition_status {
    std::string topic;
    partition_id partition = 0;
    std::optional<offset> committed;  // by this run
    std::size_t held = 0;             // messages that somebody holds: a boundary, a send, the user
    offset read = 0;                  // the next one that will be read
    // unfinished messages, read or not; empty if the broker does not say
    std::optional<weir::offset> lag{};
    duration age{};  // how long the oldest that was read has kept commits back
};

/// What an app has done since it was made. The last seven fields are the state at this moment. For
/// a rate, ask twice.
struct counters {
    /// What policies have done. A message, a batch or a send counts once, when its policy gives up.
    struct failures {
        std::uint64_t stopped = 0, skipped = 0, dead_lettered = 0;
        std::uint64_t retries = 0;  // further attempts
    };
    std::uint64_t messages = 0, batches = 0, largest_batch = 0;  // a batch: one read
    std::uint64_t sent = 0, delivered = 0;
    failures decode{}, process{}, produce{};
    std::uint64_t dead_letters = 0;  // messages; a failed batch makes many
    std::uint64_t commits = 0, failed_commits = 0;
    std::uint64_t assigned = 0, revoked = 0, lost = 0;  // partitions
    std::uint64_t lost_offsets = 0;  // deleted by the broker before they were read
    std::uint64_t stale_holds = 0;   // released when somebody else had the partition already
    std::uint64_t late_records = 0;  // of changelogs, by former owners: not restored
    std::uint64_t late = 0;          // messages that came too late for a window, once a window
    std::uint64_t passed_over = 0;   // values that tables and windows do not take, such as nulls
    std::size_t partitions = 0;      // now: assigned to this process
    std::size_t held = 0;            // now: messages that somebody holds
    weir::offset lag = 0;            // now: unfinished messages, read or not
    duration oldest{};               // now: the longest time a message has kept commits back
    std::size_t tables = 0;          // now: tables that agents change
    std::size_t keys = 0;            // now: of all tables, in the partitions that are here
    std::size_t restoring = 0;       // now: shards that are not restored yet
    std::size_t copies = 0;          // now: shards of other members that are copied here
    weir::offset copies_behind = 0;  // now: records of changelogs that the copies lack
    /// In one line: "read 40 in 3 batches (largest 20), sent 12, …".
    std::string text() const;
};

/// What `app.explain` says: the message that a partition's commit waits for, which is the oldest
/// that is not finished; or, without an offset, why nothing is read, or what an open window waits
/// for.
struct blocked {
    std::string topic;
    partition_id partition = 0;
    weir::offset offset = -1;  // -1: no message keeps the commit back
    std::string agent;         // empty if no agent holds it, or if the agent is not known
    std::string op;            // as in the graph: "take(100, 10 s)"; or several operators
    weir::timestamp since{};   // by the app's clock: since when no commit could pass the message
    std::string why;
};

/// A message that came too late for one of its windows, so it is not in that window's result.
struct late_value {
    std::string table;
    std::string topic;
    partition_id partition = 0;
    weir::offset offset = 0;
    weir::timestamp timestamp{};
    weir::timestamp start{}, end{};  // the window's
    duration by{};                   // how long ago it closed, in stream time
};

/// A message whose value an operator does not take: nothing has changed, and nothing is passed on.
/// Valid during the call.
struct passed_message {
    std::string_view table;
    std::string_view topic;
    partition_id partition = 0;
    weir::offset offset = 0;
    weir::timestamp timestamp{};
    std::string_view why;
};

/// Called on the loop's thread. An exception in a hook stops the app.
class hooks {
public:
    virtual ~hooks() = default;
    /// A line of the log, without a line end. Without hooks it is written to standard error.
    virtual void log(std::string_view /*line*/) {}
    virtual void failed(const error_report&) {}
    virtual void assigned(const topic_partition&) {}
    virtual void revoked(const topic_partition&, bool /*lost*/) {}
    virtual void committed(const topic_partition&, offset) {}
    virtual void commit_failed(std::string_view /*why*/) {}
    /// A batch has been read.
    virtual void read(const topic_partition&, std::size_t /*messages*/) {}
    /// The broker has deleted the offsets from `from` up to, without, `to` before they were read.
    virtual void lost_offsets(const topic_partition&, offset /*from*/, offset /*to*/) {}
    /// A table's partition begins to be restored from its changelog: from the offset `from` up to,
    /// without, `to`.
    virtual void restoring(const std::string& /*table*/, partition_id, offset /*from*/,
                           offset /*to*/) {}
    /// It is restored. Its input is read once the other tables of the same topics are, too.
    virtual void restored(const std::string& /*table*/, partition_id) {}
    /// A message is not in a window's result, since the window has closed. If it is too late for
    /// several windows, this is called for each.
    virtual void late(const late_value&) {}
    /// A message is not in a table, since its value is one that the table's operator does not take.
    virtual void passed_over(const passed_message&) {}
    /// A failure that will be tried again.
    virtual void retried(const error_report&) {}
    /// A dead letter is sent to this topic. `failed` was called before.
    virtual void dead_letter(const error_report&, std::string_view /*topic*/) {}
};

}  // namespace weir
