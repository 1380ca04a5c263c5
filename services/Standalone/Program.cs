using DemoVlp.Gateway.Startup;
using DemoVlp.Standalone;

if (args is ["--help" or "-h"])
{
    Console.WriteLine(StandaloneConfiguration.Usage);
    return 0;
}
return await PlainStart.RunAsync(() => StandaloneHost.Build(args));
