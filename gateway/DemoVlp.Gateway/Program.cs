using DemoVlp.Gateway;
using DemoVlp.Gateway.Startup;

return await PlainStart.RunAsync(() => GatewayHost.Build(args));
