// SPDX-License-Identifier: Apache-2.0
// What must come out of a scenario, worked out by hand: it knows nothing of the engine.
#pragma once
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "scenario.hpp"

namespace model {

/// A value that has arrived: in a topic, with its key, or in the body of `body(id)`.
struct arrival {
    std::string at, key;
    value x;
    int partition = 0;  // of the topic that its route begins with
};
std::string body(int id);

/// The way of a message from one topic to the next ones, or to a body.
struct route {
    int agent = 0;
    std::string from;
    std::vector<act> acts{};

    bool has(op what) const;
    /// Whether the order in which its messages arrive is that of their partition: by all, by key.
    bool keeps_order(bool& by_key) const;
};

class interpreter {
public:
    explicit interpreter(const scenario&);

    const std::vector<route>& routes() const { return routes_; }
    /// Every topic that something reads, and every one that something is sent to.
    const std::set<std::string>& read() const { return read_; }
    const std::set<std::string>& written() const { return written_; }

    /// What a message becomes at its route's ends, in order; sums left aside.
    std::vector<arrival> arrivals(const route&, const std::string& key, const value&) const;
    /// A policy may give the message up on this route.
    bool may_be_given_up(const route&, std::int64_t n) const;
    /// Some body on this route throws for it.
    bool throws(const route&, std::int64_t n) const;

    /// Of an exact scenario: all that arrives, sums included, in order, when these come in.
    std::map<std::string, std::vector<arrival>> run(const std::vector<arrival>& in) const;
    /// The same of one route, whose topic holds `values`, also in several partitions.
    using arrived = std::map<std::string, std::vector<arrival>>;
    arrived run(const route&, std::vector<arrival> values) const;

private:
    const scenario& of_;
    std::vector<route> routes_;
    std::set<std::string> read_, written_;
};

}  // namespace model
