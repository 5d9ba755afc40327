// SPDX-License-Identifier: Apache-2.0
// What an app tells about itself: one virtual function an occurrence, all with empty bodies.
#pragma once
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
    std::size_t held = 0;             // messages that somebody holds: a seam, a send, the user
    offset read = 0;                  // the next one that will be read
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
};

}  // namespace weir
