// SPDX-License-Identifier: Apache-2.0
// The app, as pull streams, topics, channels and pipelines see it.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include <weir/hold.hpp>
#include <weir/options.hpp>
#include <weir/segment/agent.hpp>
#include <weir/segment/produce.hpp>

namespace weir::detail {

class table_info;
class topology;

/// Implemented by the app's engine; used on the loop's thread.
class host {
public:
    // agents and topics
    virtual agent_info& add(std::string name, std::unique_ptr<topology>, const agent_options&,
                            bool pull) = 0;
    virtual topic_info& derive(const std::string& name, topic_options, bool internal,
                               const std::vector<topic_info*>& sources) = 0;

    /// A table that an operator has for itself.
    virtual table_info& declare(std::unique_ptr<table_info>) = 0;

    // the loop
    virtual bool running() const = 0;
    /// Turns the loop once, and waits if there is nothing to do. False when nothing more will come:
    /// the app has stopped, every source of the stream has ended, or a virtual clock has nothing
    /// left to wait for. Throws the error that stopped the app.
    virtual bool turn_for(agent_info&) = 0;
    /// The message in the agent's sink is finished. Its offset is passed at once, not in the next
    /// turn.
    virtual void passed(agent_info&) = 0;
    /// A hold of the message that a body is working on. Empty between messages.
    virtual hold hold_current() const = 0;
    /// Wakes a loop that waits.
    virtual void wake() = 0;

    // topic.send
    /// Sends the request's message if there is room for it.
    virtual void send(send_request&) = 0;
    /// Sends it as soon as there is room: a coroutine awaits it.
    virtual void send_when_possible(send_request&) = 0;
    /// The request is about to be destroyed. A message that was sent goes on.
    virtual void forget(send_request&) noexcept = 0;

protected:
    ~host() = default;
};

/// The host of a range that is iterated without an app. It is an app of its own.
std::shared_ptr<host> private_host();

}  // namespace weir::detail
