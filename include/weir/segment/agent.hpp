// SPDX-License-Identifier: Apache-2.0
// An agent of a run, as its segments and boundaries see it; and the interface of a coroutine body.
#pragma once
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include <weir/policy.hpp>

namespace weir::detail {

/// A batch whose partition is gone, while a coroutine or a pull loop still looks at one of its
/// values.
class retired_batch {
public:
    virtual ~retired_batch() = default;
};

/// One agent, or one pull stream, of a run.
struct agent_info {
    std::string name;
    /// The agent's policy, or else the app's. If neither is set: skip; but stop for batches, for
    /// pull streams and for values that cannot be encoded.
    policy on_error{};
    bool pull = false;
    bool has_body = false;  // the body is a coroutine
    /// It reads nothing now: its pull stream is not iterated, or its coroutine has returned.
    bool paused = false;
    /// A pull stream that nobody has any more. The next one that reads its topic replaces it.
    bool gone = false;
    bool finite = false;  // it reads ranges only
    bool ended = false;   // all its sources have ended, and all of their values are processed
    /// Kept until the coroutine or the pull loop asks for the next value.
    std::vector<std::shared_ptr<retired_batch>> looked_at{};
};

/// The body of an agent that is a coroutine. Lives as long as its run; used on the loop's thread
/// only.
class body {
public:
    virtual ~body() = default;
    virtual void start() = 0;
    virtual bool running() const = 0;
    /// Nothing more will come. The body learns it when it asks for the next value.
    virtual void end() = 0;
    /// Starts the body again if a message waits for it. Returns what it threw while it had no
    /// message, or null.
    virtual std::exception_ptr poll() = 0;
    /// Destroys the coroutine's frame.
    virtual void cancel() = 0;

    agent_info* agent = nullptr;
};

}  // namespace weir::detail
