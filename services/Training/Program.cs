using DemoVlp.Training;
using DemoVlp.Messaging;
using DemoVlp.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("training");
builder.AddTraining();
builder.AddMessaging(TrainingModule.AddTrainingConsumers);

var app = builder.Build();
app.UseServiceDefaults();
app.MapTraining();
app.Run();
