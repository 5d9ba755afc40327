// SPDX-License-Identifier: Apache-2.0
#include <weir/pending_send.hpp>

#include <weir/graph/host.hpp>

#include <weir/error.hpp>

namespace weir {

using state = detail::send_request::state;

pending_send::pending_send(detail::topic_info& to, detail::outgoing what)
    : request_{&to, std::move(what)} {
    if (!to.by)
        throw error{"weir: topic '" + to.name + "' is a test's: send by its test_driver instead"};
    to.by->send(request_);
}

pending_send::~pending_send() noexcept(false) {
    const bool lost = request_.is == state::waiting_for_room && !request_.waits.who;
    request_.to->by->forget(request_);
    if (lost && std::uncaught_exceptions() == 0)
        throw error{"weir: sending to '" + request_.to->name +
                    "': too many messages wait already: co_await the sends, or send fewer a turn"};
}

void pending_send::wait(detail::suspended h, detail::scheduler& loop) {
    request_.waits = h;
    request_.loop = &loop;
    if (request_.is == state::waiting_for_room) request_.to->by->send_when_possible(request_);
    else if (request_.is != state::sent) request_.end(request_.is);
}

void pending_send::await_resume() {
    if (request_.is == state::given_up)
        throw error{"weir: sending to '" + request_.to->name + "' failed: " + request_.why_not};
}

}  // namespace weir
