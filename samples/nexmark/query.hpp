// SPDX-License-Identifier: Apache-2.0
// What the programs of the queries have in common.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include <weir/weir.hpp>

#include "checksum.hpp"
#include "events.hpp"
#include "generator.hpp"

namespace nexmark {

/// The value, if the event is a bid.
std::optional<bid> bids(const event&);

/// One query: an app with a topic of a million events, and what the query has found. Its agents are
/// added between the constructor and `run`.
class query {
public:
    explicit query(const std::string& name);
    /// Sends the events, and runs until the agents have nothing left to do.
    int run(int argc, char** argv);
    /// Prints the checksums.
    void print() const;

    weir::app app;
    /// In one partition. The time of an event is its own.
    weir::topic<std::int64_t, event> events;
    checksum found;

private:
    generator from_;
};

}  // namespace nexmark
