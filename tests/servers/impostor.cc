#include "tests/servers/impostor.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <utility>

namespace appcache {
namespace {

void ReceiveRequest(int client) {
  char request[4096];
  EXPECT_GT(recv(client, request, sizeof(request), 0), 0);
}

}  // namespace

Impostor::Impostor(std::string path) : path_(std::move(path)) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(
      bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)),
      0);
  EXPECT_EQ(listen(listener_, 8), 0);
}

Impostor::~Impostor() {
  close(listener_);
  unlink(path_.c_str());
}

int Impostor::Accept(std::string_view reply) const {
  const int client = accept(listener_, nullptr, nullptr);
  ReceiveRequest(client);
  EXPECT_EQ(send(client, reply.data(), reply.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(reply.size()));
  return client;
}

std::jthread Impostor::Answer(std::string_view reply) const {
  return std::jthread([this, reply] { close(Accept(reply)); });
}

std::jthread Impostor::AnswerTwice(std::string_view reply, std::latch& is_due,
                                   std::string_view extra,
                                   std::latch& was_sent) const {
  return std::jthread([this, reply, &is_due, extra, &was_sent] {
    const int client = Accept(reply);
    is_due.wait();
    EXPECT_EQ(send(client, extra.data(), extra.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(extra.size()));
    was_sent.count_down();
    char more = 0;
    recv(client, &more, 1, 0);
    close(client);
  });
}

std::jthread Impostor::Dribble(std::string_view beginning) const {
  return std::jthread([this, beginning] {
    const int client = Accept(beginning);
    pollfd gone = {client, POLLIN, 0};
    while (poll(&gone, 1, 1) == 0) send(client, "x", 1, MSG_NOSIGNAL);
    close(client);
  });
}

std::jthread Impostor::Stall(std::string_view reply,
                             std::chrono::milliseconds after) const {
  return std::jthread([this, reply, after] {
    const int client = Accept(reply);
    ReceiveRequest(client);
    pollfd gone = {client, POLLIN, 0};
    poll(&gone, 1, static_cast<int>(after.count()));
    close(client);
  });
}

}  // namespace appcache
