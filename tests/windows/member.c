/* member GROUP PORT INTERFACE: joins a group on an interface, given by its address or as 0.0.0.NUMBER, and
 * waits five seconds for a datagram. It says what the system does without any of mcast's code. */
#include <stdio.h>
#include <stdlib.h>
#include <winsock2.h>
#include <ws2tcpip.h>

static void said(const char *call, int result)
{
	printf("%s: %d\n", call, result ? WSAGetLastError() : 0);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	WSADATA data;
	char bytes[2048];
	DWORD on = 1, patience = 5000;
	struct sockaddr_in own = {.sin_family = AF_INET}, from;
	int from_len = sizeof from, len;
	struct ip_mreq join;

	if (argc != 4 || WSAStartup(MAKEWORD(2, 2), &data))
		return 2;
	SOCKET s = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, (char *)&on, sizeof on);
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, (char *)&patience, sizeof patience);
	own.sin_port = htons(atoi(argv[2]));
	said("bind", bind(s, (struct sockaddr *)&own, sizeof own));
	join.imr_multiaddr.s_addr = inet_addr(argv[1]);
	join.imr_interface.s_addr = inet_addr(argv[3]);
	said("join", setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, (char *)&join, sizeof join));
	len = recvfrom(s, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &from_len);
	printf("heard: %d bytes\n", len);
	return len < 0;
}
