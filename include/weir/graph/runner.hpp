// SPDX-License-Identifier: Apache-2.0
// The app, seen from what is built on it in headers: pipelines are handed in, the loop is turned.
#pragma once
#include <memory>
#include <string>

#include <weir/graph/pipeline.hpp>

namespace weir::detail {

class runner {
public:
    virtual agent_info& add(std::string name, std::unique_ptr<topology>, const agent_options&,
                            bool pull) = 0;
    /// One round of the loop, waiting for something to do if there is nothing. False when nothing
    /// will come any more: stopped, every source of the stream ended, or idle on a virtual clock.
    /// Throws what stopped the app.
    virtual bool turn_for(agent_info&) = 0;
    /// The message in the agent's sink has left it: its place is passed at once, not in the next
    /// round.
    virtual void passed(agent_info&) = 0;

protected:
    ~runner() = default;
};

/// For a range that is iterated without an app: an app of its own.
std::shared_ptr<runner> private_runner();

}  // namespace weir::detail
