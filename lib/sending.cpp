// SPDX-License-Identifier: Apache-2.0
#include <weir/sending.hpp>

#include <weir/error.hpp>

namespace weir {

using state = detail::parcel::state;

sending::sending(detail::topic_info& to, detail::outgoing what)
    : parcel_{&to, std::move(what)} {
    if (!to.by)
        throw error{"weir: topic '" + to.name + "' is a test's: send by its test_driver instead"};
    to.by->send(parcel_);
}

sending::~sending() noexcept(false) {
    const bool lost = parcel_.is == state::wants_room && !parcel_.waits.who;
    parcel_.to->by->forget(parcel_);
    if (lost && std::uncaught_exceptions() == 0)
        throw error{"weir: sending to '" + parcel_.to->name +
                    "': too many messages wait already: co_await the sends, or send fewer a turn"};
}

void sending::wait(detail::suspended h, detail::scheduler& loop) {
    parcel_.waits = h, parcel_.loop = &loop;
    if (parcel_.is == state::wants_room) parcel_.to->by->want(parcel_);
    else if (parcel_.is != state::under_way) parcel_.end(parcel_.is);
}

void sending::await_resume() {
    if (parcel_.is == state::given_up)
        throw error{"weir: sending to '" + parcel_.to->name + "' failed: " + parcel_.why_not};
}

}  // namespace weir
