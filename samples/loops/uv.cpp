// SPDX-License-Identifier: Apache-2.0
// An app inside libuv's loop, beside a timer of libuv's.
//
// Prints:
//   alice
//   bob
//   carol
//   libuv's timer, and the app has stopped
#include <fmt/core.h>
#include <uv.h>

#include <string>
#include <vector>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

// [uv]
/// Turns an app in libuv's loop until it has stopped.
class app_in_uv {
public:
    app_in_uv(uv_loop_t& loop, weir::app& app) : app_(app) {
        uv_poll_init(&loop, &watch_, app.poll_fd());
        watch_.data = this;
        uv_poll_start(&watch_, UV_READABLE, [](uv_poll_t* w, int, int) {
            auto& self = *static_cast<app_in_uv*>(w->data);
            if (!self.app_.poll(0s)) uv_close(reinterpret_cast<uv_handle_t*>(w), nullptr);
        });
        app.poll(0s);  // starts it
    }

private:
    weir::app& app_;
    uv_poll_t watch_;
};
// [/uv]

int main(int argc, char** argv) {
    uv_loop_t loop;
    uv_loop_init(&loop);
    weir::app app{"in-uv", {.broker = argc > 1 ? argv[1] : "memory://"}};
    auto names = app.topic<std::string>("names");
    app.agent("feed", weir::from(std::vector<std::string>{"alice", "bob", "carol"}) |
                          weir::to(names));
    std::size_t seen = 0;
    app.agent("print", names | weir::for_each([&](const std::string& name) {
                           fmt::print("{}\n", name);
                           ++seen;
                       }));

    const app_in_uv turned{loop, app};
    struct timer_data {
        weir::app& app;
        const std::size_t& seen;
    } data{app, seen};
    uv_timer_t timer;
    uv_timer_init(&loop, &timer);
    timer.data = &data;
    uv_timer_start(&timer, [](uv_timer_t* t) {
        auto& d = *static_cast<timer_data*>(t->data);
        if (d.seen < 3) return;
        fmt::print("libuv's timer, ");
        d.app.stop();
        uv_close(reinterpret_cast<uv_handle_t*>(t), nullptr);
    }, 1, 1);
    uv_run(&loop, UV_RUN_DEFAULT);  // until both handles are closed
    uv_loop_close(&loop);
    fmt::print("and the app has stopped\n");
}
