// SPDX-License-Identifier: Apache-2.0
// An app inside Boost.Asio's loop, beside a timer of Asio's.
//
// Prints:
//   alice
//   bob
//   carol
//   Asio's timer, and the app has stopped
#include <fmt/core.h>

#include <string>
#include <utility>  // Boost 1.74 forgets it
#include <boost/asio.hpp>
#include <vector>
#include <weir/weir.hpp>

using namespace std::chrono_literals;
namespace asio = boost::asio;

// [asio]
/// Turns an app in an io_context until it has stopped.
class app_in_asio {
public:
    app_in_asio(asio::io_context& io, weir::app& app) : app_(app), fd_(io, app.poll_fd()) {
        asio::post(io, [this] { turn(); });  // starts it
    }
    ~app_in_asio() { fd_.release(); }  // the descriptor is the app's

private:
    void turn() {
        if (!app_.poll(0s)) return;
        fd_.async_wait(fd_.wait_read, [this](const boost::system::error_code& e) {
            if (!e) turn();
        });
    }
    weir::app& app_;
    asio::posix::stream_descriptor fd_;
};
// [/asio]

int main(int argc, char** argv) {
    asio::io_context io;
    weir::app app{"in-asio", {.broker = argc > 1 ? argv[1] : "memory://"}};
    auto names = app.topic<std::string>("names");
    app.agent("feed", weir::from(std::vector<std::string>{"alice", "bob", "carol"}) |
                          weir::to(names));
    std::size_t seen = 0;
    app.agent("print", names | weir::for_each([&](const std::string& name) {
                           fmt::print("{}\n", name);
                           ++seen;
                       }));

    const app_in_asio turned{io, app};
    asio::steady_timer timer{io};
    const auto tick = [&](auto& again) -> void {
        timer.expires_after(1ms);
        timer.async_wait([&](const boost::system::error_code&) {
            if (seen < 3) return again(again);
            fmt::print("Asio's timer, ");
            app.stop();
        });
    };
    tick(tick);
    io.run();
    fmt::print("and the app has stopped\n");
}
