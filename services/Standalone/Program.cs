using DemoVlp.Gateway.Startup;
using DemoVlp.Standalone;

return await PlainStart.RunAsync(() => StandaloneHost.Build(args));
