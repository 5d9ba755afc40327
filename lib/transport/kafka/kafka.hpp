// SPDX-License-Identifier: Apache-2.0
// How the app gets a connection to Kafka. Nothing of librdkafka shows here.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/fwd.hpp>
#include <weir/options.hpp>
#include <weir/transport/transport.hpp>

namespace weir::transport::kafka {

struct connect_options {
    std::string servers;  // host:port[,host:port]
    std::string group;    // the app's id
    weir::properties properties{};
    /// What a revoked partition may take; the group must wait at least as long.
    duration drain_timeout = std::chrono::seconds{10};
    /// How long to wait for the first answer. Whenever the broker is waited for, `stopped`, if it
    /// is set, says whether to give up. `log`, if it is set, gets a line about what is wrong after
    /// 10 s.
    duration connect_timeout = std::chrono::seconds{10};
    std::function<bool()> stopped{};
    std::function<void(const std::string&)> log{};
};

/// Thrown by a wait for the broker when `connect_options::stopped` returned true.
struct stopped_waiting {};

/// "kafka://host:port[,host:port]" to "host:port[,host:port]". Throws setup_error with what is
/// wrong.
std::string servers_of(std::string_view url);

/// What the user's properties say about where to start, if they do.
std::optional<reset> reset_of(const weir::properties&);

/// The longest time in which a group gives a new member its partitions. It waits for dead members
/// as long as their `session.timeout.ms`, and for busy ones as long as their
/// `max.poll.interval.ms`. We assume that theirs are as long as ours.
duration longest_join(const connect_options&);

/// librdkafka's, as "2.0.2".
std::string_view version();

/// Checks properties without connecting. Throws setup_error as `connect` does. The properties may
/// name a broker.
void check_properties(connect_options);

/// Throws setup_error if they name an assignor that does not keep equal partitions of topics
/// together, as `subscription::co_partitioned` needs it.
void check_co_partitioned(const weir::properties&);

/// One member of a group and one producer. Checks the properties and throws setup_error for a wrong
/// one; talks to a broker only when it is first asked something. It joins the group with its first
/// `subscribe`.
///
/// What this transport adds to the interface:
/// - `fd` is readable once a second at least: the client must be polled that often to stay in its
///   group. `poll` answers true only if something has happened.
/// - `partitions`, `topics` and `create` wait for the broker, the first of them `connect_timeout`,
///   later ones 10 s at the most, then throw setup_error.
/// - A subscription that begins with '^' is a pattern.
/// - With `reset::latest`, a partition or topic that was found after the first subscription is read
///   from its beginning.
std::unique_ptr<transport> connect(const connect_options&);

/// What an app has at a broker.
struct reset_request {
    std::vector<std::string> commits;  // of these topics the group has committed nothing afterwards
    std::vector<std::string> topics;   // they are deleted
};
/// What is not there is deleted already. Waits as `connect` does. Throws setup_error: a member of
/// the group is alive (then nothing was deleted), or the broker refuses it.
void begin_anew(const connect_options&, const reset_request&);

}  // namespace weir::transport::kafka
