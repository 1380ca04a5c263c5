using DemoVlp.RegionExtraction;
using DemoVlp.Messaging;
using DemoVlp.ServiceDefaults;

if (FileCommands.Handle(args) is { } exitCode) return exitCode;
var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("region-extraction");
builder.AddRegionExtraction();
builder.AddMessaging(RegionExtractionModule.AddRegionExtractionConsumers);

var app = builder.Build();
app.UseServiceDefaults();
app.MapRegionExtraction();
app.Run();
return 0;
