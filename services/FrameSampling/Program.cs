using DemoVlp.FrameSampling;
using DemoVlp.Messaging;
using DemoVlp.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("frame-sampling");
builder.AddFrameSampling();
builder.AddMessaging(FrameSamplingModule.AddFrameSamplingConsumers);

var app = builder.Build();
app.UseServiceDefaults();
app.MapFrameSampling();
app.Run();
